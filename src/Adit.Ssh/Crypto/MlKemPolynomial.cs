namespace Adit.Ssh.Crypto;

/// <summary>
/// Polynomials of 256 coefficients modulo q = 3329 as FIPS 203 computes with them; every coefficient is kept within 0..q-1.
/// Reductions multiply and mask: no branch, index or division depends on a coefficient.
/// </summary>
internal static class MlKemPolynomial
{
    public const int N = 256;
    public const int Q = 3329;

    /// <summary>Bytes of a polynomial with 12 bits for each coefficient.</summary>
    public const int EncodedSize12 = 384;

    private static readonly ushort[] Zetas = [.. Enumerable.Range(0, 128).Select(static i => Power(17, Reversed(i)))];
    private static readonly ushort[] Gammas = [.. Enumerable.Range(0, 128).Select(static i => Power(17, (2 * Reversed(i)) + 1))];

    /// <summary>Algorithm 9, NTT.</summary>
    public static void Transform(Span<ushort> f)
    {
        int i = 1;
        for (int length = 128; length >= 2; length /= 2)
        {
            for (int start = 0; start < N; start += 2 * length)
            {
                uint zeta = Zetas[i++];
                for (int j = start; j < start + length; j++)
                {
                    ushort t = Reduce(zeta * f[j + length]);
                    f[j + length] = Difference(f[j], t);
                    f[j] = Sum(f[j], t);
                }
            }
        }
    }

    /// <summary>Algorithm 10, the inverse NTT.</summary>
    public static void TransformBack(Span<ushort> f)
    {
        const uint InverseOf128 = 3303;
        int i = 127;
        for (int length = 2; length <= 128; length *= 2)
        {
            for (int start = 0; start < N; start += 2 * length)
            {
                uint zeta = Zetas[i--];
                for (int j = start; j < start + length; j++)
                {
                    ushort t = f[j];
                    f[j] = Sum(t, f[j + length]);
                    f[j + length] = Reduce(zeta * Difference(f[j + length], t));
                }
            }
        }
        for (int j = 0; j < N; j++)
            f[j] = Reduce(f[j] * InverseOf128);
    }

    /// <summary>Algorithms 11 and 12: adds the product of two transformed polynomials to a third.</summary>
    public static void MultiplyAdd(ReadOnlySpan<ushort> f, ReadOnlySpan<ushort> g, Span<ushort> sum)
    {
        for (int i = 0; i < N; i += 2)
        {
            uint a0 = f[i], a1 = f[i + 1], b0 = g[i], b1 = g[i + 1];
            sum[i] = Sum(sum[i], Reduce((a0 * b0) + ((uint)Reduce(a1 * b1) * Gammas[i / 2])));
            sum[i + 1] = Sum(sum[i + 1], Reduce((a0 * b1) + (a1 * b0)));
        }
    }

    public static void Add(ReadOnlySpan<ushort> f, Span<ushort> sum)
    {
        for (int i = 0; i < N; i++)
            sum[i] = Sum(sum[i], f[i]);
    }

    public static void Subtract(ReadOnlySpan<ushort> f, Span<ushort> difference)
    {
        for (int i = 0; i < N; i++)
            difference[i] = Difference(difference[i], f[i]);
    }

    /// <summary>Algorithm 5, ByteEncode_12.</summary>
    public static void Encode12(ReadOnlySpan<ushort> f, Span<byte> bytes)
    {
        for (int i = 0, o = 0; i < N; i += 2, o += 3)
        {
            bytes[o] = (byte)f[i];
            bytes[o + 1] = (byte)((f[i] >> 8) | (f[i + 1] << 4));
            bytes[o + 2] = (byte)(f[i + 1] >> 4);
        }
    }

    /// <summary>Algorithm 6, ByteDecode_12.</summary>
    public static void Decode12(ReadOnlySpan<byte> bytes, Span<ushort> f)
    {
        for (int i = 0, o = 0; i < N; i += 2, o += 3)
        {
            f[i] = Reduce((uint)(bytes[o] | ((bytes[o + 1] & 0x0f) << 8)));
            f[i + 1] = Reduce((uint)((bytes[o + 1] >> 4) | (bytes[o + 2] << 4)));
        }
    }

    /// <summary>Compress_10 and ByteEncode_10: four coefficients in five bytes.</summary>
    public static void Compress10(ReadOnlySpan<ushort> f, Span<byte> bytes)
    {
        for (int i = 0, o = 0; i < N; i += 4, o += 5)
        {
            ulong four = Compress(f[i], 10) | ((ulong)Compress(f[i + 1], 10) << 10)
                | ((ulong)Compress(f[i + 2], 10) << 20) | ((ulong)Compress(f[i + 3], 10) << 30);
            for (int j = 0; j < 5; j++)
                bytes[o + j] = (byte)(four >> (8 * j));
        }
    }

    public static void Decompress10(ReadOnlySpan<byte> bytes, Span<ushort> f)
    {
        for (int i = 0, o = 0; i < N; i += 4, o += 5)
        {
            ulong four = 0;
            for (int j = 0; j < 5; j++)
                four |= (ulong)bytes[o + j] << (8 * j);
            for (int j = 0; j < 4; j++)
                f[i + j] = Decompress((uint)(four >> (10 * j)) & 0x3ff, 10);
        }
    }

    /// <summary>Compress_4 and ByteEncode_4.</summary>
    public static void Compress4(ReadOnlySpan<ushort> f, Span<byte> bytes)
    {
        for (int i = 0; i < N; i += 2)
            bytes[i / 2] = (byte)(Compress(f[i], 4) | (Compress(f[i + 1], 4) << 4));
    }

    public static void Decompress4(ReadOnlySpan<byte> bytes, Span<ushort> f)
    {
        for (int i = 0; i < N; i += 2)
        {
            f[i] = Decompress(bytes[i / 2] & 0x0fu, 4);
            f[i + 1] = Decompress((uint)bytes[i / 2] >> 4, 4);
        }
    }

    /// <summary>Compress_1 and ByteEncode_1: the message that a polynomial stands for.</summary>
    public static void Compress1(ReadOnlySpan<ushort> f, Span<byte> message)
    {
        message.Clear();
        for (int i = 0; i < N; i++)
            message[i / 8] |= (byte)(Compress(f[i], 1) << (i % 8));
    }

    public static void Decompress1(ReadOnlySpan<byte> message, Span<ushort> f)
    {
        for (int i = 0; i < N; i++)
            f[i] = Decompress((uint)(message[i / 8] >> (i % 8)) & 1, 1);
    }

    /// <summary>The remainder modulo q of any number below 2^25 (Barrett): the estimate of the quotient is at most one too small.</summary>
    internal static ushort Reduce(uint value)
    {
        const int Shift = 36;
        const ulong Reciprocal = (1UL << Shift) / Q;
        uint remainder = value - ((uint)((value * Reciprocal) >> Shift) * Q);
        return SubtractOnce(remainder);
    }

    /// <summary>
    /// Equation 4.7: round(2^bits / q * value) modulo 2^bits, with the division by q as a multiplication (exact below 2^22).
    /// </summary>
    internal static uint Compress(ushort value, int bits)
    {
        const int Shift = 36;
        const ulong Reciprocal = ((1UL << Shift) / Q) + 1;
        ulong numerator = ((ulong)value << bits) + (Q / 2);
        return (uint)((numerator * Reciprocal) >> Shift) & ((1u << bits) - 1);
    }

    /// <summary>Equation 4.8: round(q / 2^bits * value).</summary>
    internal static ushort Decompress(uint value, int bits) => (ushort)(((value * Q) + (1u << (bits - 1))) >> bits);

    private static ushort Sum(ushort a, ushort b) => SubtractOnce((uint)a + b);

    private static ushort Difference(ushort a, ushort b) => SubtractOnce((uint)a + Q - b);

    private static ushort SubtractOnce(uint value)
    {
        int below = (int)value - Q;
        return (ushort)(below + ((below >> 31) & Q));
    }

    private static int Reversed(int sevenBits)
    {
        int reversed = 0;
        for (int bit = 0; bit < 7; bit++)
            reversed |= ((sevenBits >> bit) & 1) << (6 - bit);
        return reversed;
    }

    private static ushort Power(int value, int exponent)
    {
        int result = 1;
        for (int i = 0; i < exponent; i++)
            result = result * value % Q;
        return (ushort)result;
    }
}

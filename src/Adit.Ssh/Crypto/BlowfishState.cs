using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Adit.Ssh.Crypto;

/// <summary>
/// The subkeys and boxes of Blowfish with the expensive key schedule of bcrypt (Provos and Mazières, 1999). The keys are the
/// 16 words of a SHA-512 hash, as bcrypt_pbkdf gives them. One thread at a time.
/// </summary>
internal sealed class BlowfishState : IDisposable
{
    private const int Subkeys = 18;
    private const int BoxSize = 256;
    private const int Words = Subkeys + (4 * BoxSize);

    private static readonly Lazy<uint[]> Initial = new(static () => PiFraction(Words));

    private readonly SecretBytes _state = new(Words * sizeof(uint));

    private Span<uint> State => MemoryMarshal.Cast<byte, uint>(_state.Span);

    /// <summary>Back to the initial state, which is the fraction of pi.</summary>
    public void Reset() => Initial.Value.CopyTo(State);

    /// <summary>Mixes a key of 16 words into the state.</summary>
    public void Expand(ReadOnlySpan<uint> key) => Expand(key, stackalloc uint[16]);

    /// <summary>Mixes a key and a salt of 16 words each into the state.</summary>
    public void Expand(ReadOnlySpan<uint> key, ReadOnlySpan<uint> salt)
    {
        Span<uint> state = State;
        for (int i = 0; i < Subkeys; i++)
            state[i] ^= key[i & 15];
        uint left = 0, right = 0;
        for (int i = 0; i < Words; i += 2)
        {
            left ^= salt[i & 15];
            right ^= salt[(i + 1) & 15];
            Encrypt(ref MemoryMarshal.GetReference(state), ref left, ref right);
            state[i] = left;
            state[i + 1] = right;
        }
    }

    /// <summary>Encrypts one block of two words.</summary>
    public void Encrypt(ref uint left, ref uint right) => Encrypt(ref MemoryMarshal.GetReference(State), ref left, ref right);

    public void Dispose() => _state.Dispose();

    // References without bounds checks: a derivation makes some hundred million lookups, and each index is within the state by its form.
    private static void Encrypt(ref uint state, ref uint left, ref uint right)
    {
        uint l = left ^ state, r = right;
        for (int i = 1; i <= 16; i += 2)
        {
            r ^= Mix(ref state, l) ^ Unsafe.Add(ref state, i);
            l ^= Mix(ref state, r) ^ Unsafe.Add(ref state, i + 1);
        }
        left = r ^ Unsafe.Add(ref state, 17);
        right = l;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mix(ref uint state, uint word)
    {
        ref uint boxes = ref Unsafe.Add(ref state, Subkeys);
        uint sum = Unsafe.Add(ref boxes, word >> 24) + Unsafe.Add(ref boxes, BoxSize + ((word >> 16) & 0xff));
        return (sum ^ Unsafe.Add(ref boxes, (2 * BoxSize) + ((word >> 8) & 0xff))) + Unsafe.Add(ref boxes, (3 * BoxSize) + (word & 0xff));
    }

    /// <summary>
    /// The first words of pi behind the point, by the series of the Chudnovskys: computed in milliseconds, and no table to check.
    /// </summary>
    internal static uint[] PiFraction(int words)
    {
        const int GuardBits = 64;
        const double BitsPerTerm = 47.11;
        int bits = (32 * words) + GuardBits;
        (_, BigInteger q, BigInteger t) = Chudnovsky(0, (int)(bits / BitsPerTerm) + 2);
        BigInteger pi = 426880 * SquareRoot(10005, bits) * q / t;
        BigInteger fraction = (pi >> GuardBits) & ((BigInteger.One << (32 * words)) - 1);
        byte[] bytes = new byte[4 * words];
        Span<byte> significant = fraction.ToByteArray(isUnsigned: true, isBigEndian: true);
        significant.CopyTo(bytes.AsSpan(bytes.Length - significant.Length));
        uint[] result = new uint[words];
        for (int i = 0; i < words; i++)
            result[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(4 * i));
        return result;
    }

    /// <summary>Terms from (inclusive) to (exclusive), summed by halves: products P and Q, and the sum T over the denominator Q.</summary>
    private static (BigInteger P, BigInteger Q, BigInteger T) Chudnovsky(int from, int to)
    {
        if (to - from > 1)
        {
            int middle = (from + to) / 2;
            (BigInteger p1, BigInteger q1, BigInteger t1) = Chudnovsky(from, middle);
            (BigInteger p2, BigInteger q2, BigInteger t2) = Chudnovsky(middle, to);
            return (p1 * p2, q1 * q2, (t1 * q2) + (p1 * t2));
        }
        BigInteger k = from;
        BigInteger p = from == 0 ? 1 : -((6 * k) - 5) * ((2 * k) - 1) * ((6 * k) - 1);
        BigInteger q = from == 0 ? 1 : k * k * k * 10939058860032000;
        return (p, q, p * (13591409 + (545140134 * k)));
    }

    /// <summary>The square root times 2^bits, by Newton's steps of doubling precision.</summary>
    private static BigInteger SquareRoot(int value, int bits)
    {
        if (bits <= 32)
            return new BigInteger(Math.Sqrt(value) * Math.Pow(2, bits));
        int half = (bits / 2) + 16;
        BigInteger near = SquareRoot(value, half) << (bits - half);
        return (near + (((BigInteger)value << (2 * bits)) / near)) >> 1;
    }
}

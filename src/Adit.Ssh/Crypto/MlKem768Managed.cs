using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>
/// ML-KEM-768 written from FIPS 203, for platforms that have none. No branch, index or division depends on a secret; the
/// matrix, which is public, is sampled by rejection. Lengths are the caller's to check. Thread-safe.
/// </summary>
internal static class MlKem768Managed
{
    public const int SeedSize = 32;

    private const int K = 3;
    private const int VectorSize = K * MlKemPolynomial.EncodedSize12;
    private const int CompressedU = 320;
    private const int CompressedV = 128;
    private const int NoiseSize = 128;
    private const int N = MlKemPolynomial.N;

    public static bool IsSupported => Keccak.IsSupported;

    /// <summary>Algorithm 16, ML-KEM.KeyGen_internal.</summary>
    public static void GenerateKeyPair(ReadOnlySpan<byte> d, ReadOnlySpan<byte> z, Span<byte> encapsulationKey, Span<byte> decapsulationKey)
    {
        GenerateEncryptionKeyPair(d, encapsulationKey, decapsulationKey[..VectorSize]);
        encapsulationKey.CopyTo(decapsulationKey[VectorSize..]);
        Keccak.Sha3_256(encapsulationKey, decapsulationKey.Slice(VectorSize + MlKem768.EncapsulationKeySize, 32));
        z.CopyTo(decapsulationKey[(VectorSize + MlKem768.EncapsulationKeySize + 32)..]);
    }

    /// <summary>Algorithm 17, ML-KEM.Encaps_internal.</summary>
    public static void Encapsulate(
        ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> message, Span<byte> ciphertext, Span<byte> secret)
    {
        Span<byte> keyHash = stackalloc byte[32];
        Keccak.Sha3_256(encapsulationKey, keyHash);
        using SecretBytes keys = new(64);
        Keccak.Sha3_512(message, keyHash, keys.Span);
        Encrypt(encapsulationKey, message, keys.Span[32..], ciphertext);
        keys.Span[..32].CopyTo(secret);
    }

    /// <summary>Algorithm 18, ML-KEM.Decaps_internal.</summary>
    public static void Decapsulate(ReadOnlySpan<byte> decapsulationKey, ReadOnlySpan<byte> ciphertext, Span<byte> secret)
    {
        ReadOnlySpan<byte> encapsulationKey = decapsulationKey.Slice(VectorSize, MlKem768.EncapsulationKeySize);
        ReadOnlySpan<byte> keyHash = decapsulationKey.Slice(VectorSize + MlKem768.EncapsulationKeySize, 32);
        ReadOnlySpan<byte> z = decapsulationKey[(VectorSize + MlKem768.EncapsulationKeySize + 32)..];

        using SecretBytes scratch = new(32 + 64 + 32 + MlKem768.CiphertextSize);
        Span<byte> message = scratch.Span[..32], keys = scratch.Span.Slice(32, 64), rejection = scratch.Span.Slice(96, 32);
        Span<byte> again = scratch.Span[128..];
        Decrypt(decapsulationKey[..VectorSize], ciphertext, message);
        Keccak.Sha3_512(message, keyHash, keys);
        Keccak.Shake256(z, ciphertext, rejection);
        Encrypt(encapsulationKey, message, keys[32..], again);

        int difference = 0;
        for (int i = 0; i < ciphertext.Length; i++)
            difference |= ciphertext[i] ^ again[i];
        int forged = (-difference) >> 31;
        for (int i = 0; i < secret.Length; i++)
            secret[i] = (byte)((keys[i] & ~forged) | (rejection[i] & forged));
    }

    /// <summary>FIPS 203 section 7.2: every coefficient of the key is below q.</summary>
    public static bool PassesModulusCheck(ReadOnlySpan<byte> encapsulationKey)
    {
        for (int i = 0; i < VectorSize; i += 3)
        {
            int low = encapsulationKey[i] | ((encapsulationKey[i + 1] & 0x0f) << 8);
            int high = (encapsulationKey[i + 1] >> 4) | (encapsulationKey[i + 2] << 4);
            if (low >= MlKemPolynomial.Q || high >= MlKemPolynomial.Q)
                return false;
        }
        return true;
    }

    /// <summary>Algorithm 13, K-PKE.KeyGen.</summary>
    private static void GenerateEncryptionKeyPair(ReadOnlySpan<byte> d, Span<byte> encryptionKey, Span<byte> decryptionKey)
    {
        using SecretBytes seeds = new(64);
        Keccak.Sha3_512(d, [K], seeds.Span);
        ReadOnlySpan<byte> rho = seeds.Span[..32], sigma = seeds.Span[32..];

        using Workspace workspace = new((2 * K) + 1);
        Span<ushort> entry = stackalloc ushort[N];
        for (int i = 0; i < K; i++)
        {
            SampleNoise(sigma, i, workspace[i]);
            MlKemPolynomial.Transform(workspace[i]);
            MlKemPolynomial.Encode12(workspace[i], decryptionKey.Slice(i * MlKemPolynomial.EncodedSize12, MlKemPolynomial.EncodedSize12));
        }
        for (int i = 0; i < K; i++)
        {
            Span<ushort> t = workspace[K + i];
            SampleNoise(sigma, K + i, t);
            MlKemPolynomial.Transform(t);
            for (int j = 0; j < K; j++)
            {
                SampleUniform(rho, (byte)j, (byte)i, entry);
                MlKemPolynomial.MultiplyAdd(entry, workspace[j], t);
            }
            MlKemPolynomial.Encode12(t, encryptionKey.Slice(i * MlKemPolynomial.EncodedSize12, MlKemPolynomial.EncodedSize12));
        }
        rho.CopyTo(encryptionKey[VectorSize..]);
    }

    /// <summary>Algorithm 14, K-PKE.Encrypt.</summary>
    private static void Encrypt(
        ReadOnlySpan<byte> encryptionKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> randomness, Span<byte> ciphertext)
    {
        ReadOnlySpan<byte> rho = encryptionKey[VectorSize..];
        using Workspace workspace = new(K + 3);
        Span<ushort> sum = workspace[K], noise = workspace[K + 1], text = workspace[K + 2];
        Span<ushort> entry = stackalloc ushort[N];
        for (int i = 0; i < K; i++)
        {
            SampleNoise(randomness, i, workspace[i]);
            MlKemPolynomial.Transform(workspace[i]);
        }
        for (int i = 0; i < K; i++)
        {
            sum.Clear();
            for (int j = 0; j < K; j++)
            {
                SampleUniform(rho, (byte)i, (byte)j, entry);
                MlKemPolynomial.MultiplyAdd(entry, workspace[j], sum);
            }
            MlKemPolynomial.TransformBack(sum);
            SampleNoise(randomness, K + i, noise);
            MlKemPolynomial.Add(noise, sum);
            MlKemPolynomial.Compress10(sum, ciphertext.Slice(i * CompressedU, CompressedU));
        }
        sum.Clear();
        for (int i = 0; i < K; i++)
        {
            MlKemPolynomial.Decode12(encryptionKey.Slice(i * MlKemPolynomial.EncodedSize12, MlKemPolynomial.EncodedSize12), entry);
            MlKemPolynomial.MultiplyAdd(entry, workspace[i], sum);
        }
        MlKemPolynomial.TransformBack(sum);
        SampleNoise(randomness, 2 * K, noise);
        MlKemPolynomial.Add(noise, sum);
        MlKemPolynomial.Decompress1(message, text);
        MlKemPolynomial.Add(text, sum);
        MlKemPolynomial.Compress4(sum, ciphertext.Slice(K * CompressedU, CompressedV));
    }

    /// <summary>Algorithm 15, K-PKE.Decrypt.</summary>
    private static void Decrypt(ReadOnlySpan<byte> decryptionKey, ReadOnlySpan<byte> ciphertext, Span<byte> message)
    {
        using Workspace workspace = new(4);
        Span<ushort> product = workspace[0], u = workspace[1], s = workspace[2], v = workspace[3];
        for (int i = 0; i < K; i++)
        {
            MlKemPolynomial.Decompress10(ciphertext.Slice(i * CompressedU, CompressedU), u);
            MlKemPolynomial.Transform(u);
            MlKemPolynomial.Decode12(decryptionKey.Slice(i * MlKemPolynomial.EncodedSize12, MlKemPolynomial.EncodedSize12), s);
            MlKemPolynomial.MultiplyAdd(s, u, product);
        }
        MlKemPolynomial.TransformBack(product);
        MlKemPolynomial.Decompress4(ciphertext[(K * CompressedU)..], v);
        MlKemPolynomial.Subtract(product, v);
        MlKemPolynomial.Compress1(v, message);
    }

    /// <summary>Algorithm 7, SampleNTT. Of public bytes only, so it may take as long as they ask for.</summary>
    private static void SampleUniform(ReadOnlySpan<byte> rho, byte first, byte second, Span<ushort> polynomial)
    {
        // Three blocks of SHAKE128 are enough 99 times in 100; otherwise more of the same stream.
        const int ThreeBlocks = 3 * 168;
        for (int size = ThreeBlocks; ; size *= 2)
        {
            byte[] stream = new byte[size];
            Keccak.Shake128(rho, [first, second], stream);
            int count = 0;
            for (int i = 0; i + 3 <= size && count < N; i += 3)
            {
                int low = stream[i] | ((stream[i + 1] & 0x0f) << 8);
                int high = (stream[i + 1] >> 4) | (stream[i + 2] << 4);
                if (low < MlKemPolynomial.Q)
                    polynomial[count++] = (ushort)low;
                if (high < MlKemPolynomial.Q && count < N)
                    polynomial[count++] = (ushort)high;
            }
            if (count == N)
                return;
        }
    }

    /// <summary>PRF_2 of section 4.1 and algorithm 8, SamplePolyCBD_2: differences of two sums of two bits each.</summary>
    private static void SampleNoise(ReadOnlySpan<byte> seed, int nonce, Span<ushort> polynomial)
    {
        Span<byte> bits = stackalloc byte[NoiseSize];
        Keccak.Shake256(seed, [(byte)nonce], bits);
        for (int i = 0; i < N / 8; i++)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(bits[(4 * i)..]);
            uint sums = (word & 0x55555555) + ((word >> 1) & 0x55555555);
            for (int j = 0; j < 8; j++)
            {
                int difference = (int)((sums >> (4 * j)) & 3) - (int)((sums >> ((4 * j) + 2)) & 3);
                polynomial[(8 * i) + j] = (ushort)(difference + ((difference >> 31) & MlKemPolynomial.Q));
            }
        }
        CryptographicOperations.ZeroMemory(bits);
    }

    /// <summary>Polynomials that may hold secrets, zero at first and zeroed in the end.</summary>
    private readonly ref struct Workspace(int polynomials)
    {
        private readonly SecretBytes _bytes = new(polynomials * N * sizeof(ushort));

        public Span<ushort> this[int index] => MemoryMarshal.Cast<byte, ushort>(_bytes.Span).Slice(index * N, N);

        public void Dispose() => _bytes.Dispose();
    }
}

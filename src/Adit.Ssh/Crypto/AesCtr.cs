using System.Buffers.Binary;

namespace Adit.Ssh.Crypto;

/// <summary>
/// AES in counter mode, RFC 4344 section 4. The caller owns the counter, so that an object holds the key and nothing else.
/// One thread at a time.
/// </summary>
internal sealed unsafe class AesCtr : IDisposable
{
    public const int BlockSize = 16;

    private static readonly LibCryptoAlgorithm Aes128 = LibCryptoAlgorithm.Cipher("AES-128-CTR");
    private static readonly LibCryptoAlgorithm Aes192 = LibCryptoAlgorithm.Cipher("AES-192-CTR");
    private static readonly LibCryptoAlgorithm Aes256 = LibCryptoAlgorithm.Cipher("AES-256-CTR");

    private readonly CipherContext _context;

    /// <summary>Takes a key of 16, 24 or 32 bytes.</summary>
    public AesCtr(ReadOnlySpan<byte> key)
    {
        nint cipher = key.Length switch
        {
            16 => Aes128.Handle,
            24 => Aes192.Handle,
            32 => Aes256.Handle,
            _ => throw new ArgumentException($"an AES key has 16, 24 or 32 bytes, not {key.Length}", nameof(key)),
        };
        _context = CipherContext.Create(cipher, key, encrypting: true);
    }

    public static bool IsSupported => Aes128.IsSupported && Aes192.IsSupported && Aes256.IsSupported;

    /// <summary>Encrypts or decrypts from the given initial block on. The output may be the input.</summary>
    public void Transform(ReadOnlySpan<byte> counter, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Buffers.RequireLength(counter, BlockSize, nameof(counter));
        Buffers.RequireOutput(input, output, nameof(output));
        using HandleLease context = new(_context);
        int written = 0;
        fixed (byte* iv = counter, source = input, target = output)
        {
            LibCrypto.Check(LibCrypto.EVP_CipherInit_ex2(context.Value, 0, null, iv, -1, 0));
            if (input.Length > 0)
                LibCrypto.Check(LibCrypto.EVP_CipherUpdate(context.Value, target, &written, source, input.Length));
        }
    }

    /// <summary>Adds a number of blocks to a counter block, modulo 2^128.</summary>
    public static void Advance(Span<byte> counter, long blocks)
    {
        Buffers.RequireLength(counter, BlockSize, nameof(counter));
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        BinaryPrimitives.WriteUInt128BigEndian(counter, unchecked(BinaryPrimitives.ReadUInt128BigEndian(counter) + (ulong)blocks));
    }

    public void Dispose() => _context.Dispose();
}

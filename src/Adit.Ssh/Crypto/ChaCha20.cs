using System.Buffers.Binary;

namespace Adit.Ssh.Crypto;

/// <summary>
/// ChaCha20 as Bernstein defined it: 64-bit block counter and 64-bit nonce, the form that chacha20-poly1305@openssh.com uses
/// (PROTOCOL.chacha20poly1305). One thread at a time.
/// </summary>
internal sealed unsafe class ChaCha20 : IDisposable
{
    public const int KeySize = 32;

    private static readonly LibCryptoAlgorithm Algorithm = LibCryptoAlgorithm.Cipher("ChaCha20");

    private readonly CipherContext _context;

    /// <summary>Takes a key of 32 bytes.</summary>
    public ChaCha20(ReadOnlySpan<byte> key)
    {
        Buffers.RequireLength(key, KeySize, nameof(key));
        _context = CipherContext.Create(Algorithm.Handle, key, encrypting: true);
    }

    public static bool IsSupported => Algorithm.IsSupported;

    /// <summary>
    /// Encrypts or decrypts from a block of 64 bytes on. The nonce goes in as big-endian bytes, as SSH writes a sequence
    /// number. The output may be the input.
    /// </summary>
    public void Transform(ulong nonce, ulong blockCounter, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Buffers.RequireOutput(input, output, nameof(output));
        Span<byte> iv = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(iv, blockCounter);
        BinaryPrimitives.WriteUInt64BigEndian(iv[8..], nonce);
        using HandleLease context = new(_context);
        int written = 0;
        fixed (byte* start = iv, source = input, target = output)
        {
            LibCrypto.Check(LibCrypto.EVP_CipherInit_ex2(context.Value, 0, null, start, -1, 0));
            if (input.Length > 0)
                LibCrypto.Check(LibCrypto.EVP_CipherUpdate(context.Value, target, &written, source, input.Length));
        }
    }

    public void Dispose() => _context.Dispose();
}

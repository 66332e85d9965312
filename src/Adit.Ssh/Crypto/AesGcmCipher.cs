using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>
/// AES in Galois/counter mode for many small packets: one native context per object, the key schedule computed once, only
/// the nonce set per packet. Works in one direction. One thread at a time.
/// </summary>
internal sealed unsafe class AesGcmCipher : IDisposable
{
    public const int NonceSize = 12;
    public const int TagSize = 16;

    private const int GetTag = 0x10;
    private const int SetTag = 0x11;

    private static readonly LibCryptoAlgorithm Aes128 = LibCryptoAlgorithm.Cipher("AES-128-GCM");
    private static readonly LibCryptoAlgorithm Aes256 = LibCryptoAlgorithm.Cipher("AES-256-GCM");

    private readonly CipherContext _context;
    private readonly bool _encrypting;

    /// <summary>Takes a key of 16 or 32 bytes and whether this object seals (true) or opens.</summary>
    public AesGcmCipher(ReadOnlySpan<byte> key, bool encrypting)
    {
        nint cipher = key.Length switch
        {
            16 => Aes128.Handle,
            32 => Aes256.Handle,
            _ => throw new ArgumentException($"an AES-GCM key has 16 or 32 bytes, not {key.Length}", nameof(key)),
        };
        _encrypting = encrypting;
        _context = CipherContext.Create(cipher, key, encrypting);
    }

    public static bool IsSupported => Aes128.IsSupported && Aes256.IsSupported;

    /// <summary>Encrypts; the ciphertext may be at the plaintext's place. A nonce must never come twice under one key.</summary>
    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag)
    {
        Buffers.RequireOutput(plaintext, ciphertext, nameof(ciphertext));
        Seal(nonce, aad, ciphertext[..plaintext.Length], 0, plaintext, tag);
    }

    /// <summary>
    /// Encrypts in place, but for the part at <paramref name="dataStart"/>: what comes there is <paramref name="data"/>, from elsewhere. A nonce must
    /// never come twice under one key.
    /// </summary>
    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, Span<byte> text, int dataStart, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        if (!_encrypting)
            throw new InvalidOperationException("this cipher only opens");
        Buffers.RequireLength(nonce, NonceSize, nameof(nonce));
        Buffers.RequireLength(tag, TagSize, nameof(tag));
        Span<byte> before = text[..dataStart];
        Buffers.RequireOutput(data, text[dataStart..], nameof(data));
        Span<byte> behind = text[(dataStart + data.Length)..];
        using HandleLease context = new(_context);
        fixed (byte* iv = nonce, header = aad, mark = tag)
        {
            Begin(context.Value, iv, header, aad.Length);
            Update(context.Value, before, before);
            Update(context.Value, data, text[dataStart..]);
            Update(context.Value, behind, behind);
            byte nothing;
            int written;
            LibCrypto.Check(LibCrypto.EVP_CipherFinal_ex(context.Value, &nothing, &written));
            LibCrypto.Check(LibCrypto.EVP_CIPHER_CTX_ctrl(context.Value, GetTag, TagSize, mark));
        }
    }

    /// <summary>
    /// Decrypts; false, and the plaintext zeroed, when the tag does not fit. The plaintext may be at the ciphertext's place.
    /// </summary>
    public bool TryOpen(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext)
    {
        if (_encrypting)
            throw new InvalidOperationException("this cipher only seals");
        Buffers.RequireLength(nonce, NonceSize, nameof(nonce));
        Buffers.RequireLength(tag, TagSize, nameof(tag));
        Buffers.RequireOutput(ciphertext, plaintext, nameof(plaintext));
        using HandleLease context = new(_context);
        fixed (byte* iv = nonce, header = aad, mark = tag)
        {
            Begin(context.Value, iv, header, aad.Length);
            LibCrypto.Check(LibCrypto.EVP_CIPHER_CTX_ctrl(context.Value, SetTag, TagSize, mark));
            Update(context.Value, ciphertext, plaintext);
            byte nothing;
            int written;
            if (LibCrypto.EVP_CipherFinal_ex(context.Value, &nothing, &written) == 1)
                return true;
        }
        CryptographicOperations.ZeroMemory(plaintext[..ciphertext.Length]);
        LibCrypto.ERR_clear_error();
        return false;
    }

    public void Dispose() => _context.Dispose();

    private static void Update(nint context, ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.IsEmpty)
            return;
        int written;
        fixed (byte* source = input, target = output)
            LibCrypto.Check(LibCrypto.EVP_CipherUpdate(context, target, &written, source, input.Length));
    }

    private static void Begin(nint context, byte* iv, byte* header, int headerLength)
    {
        LibCrypto.Check(LibCrypto.EVP_CipherInit_ex2(context, 0, null, iv, -1, 0));
        int written = 0;
        if (headerLength > 0)
            LibCrypto.Check(LibCrypto.EVP_CipherUpdate(context, null, &written, header, headerLength));
    }
}

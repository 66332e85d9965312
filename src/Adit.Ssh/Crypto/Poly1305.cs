namespace Adit.Ssh.Crypto;

/// <summary>The one-time authenticator Poly1305, RFC 8439 section 2.5. One thread at a time.</summary>
internal sealed unsafe class Poly1305 : IDisposable
{
    public const int KeySize = 32;
    public const int TagSize = 16;

    private static readonly LibCryptoAlgorithm Algorithm = LibCryptoAlgorithm.Mac("POLY1305");

    private readonly MacContext _context = MacContext.Create(Algorithm.Handle);

    public static bool IsSupported => Algorithm.IsSupported;

    /// <summary>The tag of the data. A key must never serve twice.</summary>
    public void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> tag)
    {
        Buffers.RequireLength(key, KeySize, nameof(key));
        Buffers.RequireLength(tag, TagSize, nameof(tag));
        using HandleLease context = new(_context);
        nuint written = 0;
        fixed (byte* oneTimeKey = key, input = data, output = tag)
        {
            LibCrypto.Check(LibCrypto.EVP_MAC_init(context.Value, oneTimeKey, KeySize, 0));
            LibCrypto.Check(LibCrypto.EVP_MAC_update(context.Value, input, (nuint)data.Length));
            LibCrypto.Check(LibCrypto.EVP_MAC_final(context.Value, output, &written, TagSize));
        }
    }

    public void Dispose() => _context.Dispose();
}

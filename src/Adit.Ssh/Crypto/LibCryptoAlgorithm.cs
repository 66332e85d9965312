namespace Adit.Ssh.Crypto;

/// <summary>
/// An algorithm of libcrypto, fetched once and kept for the life of the process. Providers of a machine can lack one
/// (a FIPS provider has no ChaCha20), so each is asked for by itself. Thread-safe.
/// </summary>
internal sealed class LibCryptoAlgorithm
{
    private readonly string _name;
    private readonly Lazy<nint> _handle;

    private LibCryptoAlgorithm(string name, Func<string, nint> fetch)
    {
        _name = name;
        _handle = new Lazy<nint>(() =>
        {
            nint handle = fetch(name);
            if (handle == 0)
                LibCrypto.ERR_clear_error();
            return handle;
        });
    }

    public bool IsSupported => LibCrypto.IsAvailable && _handle.Value != 0;

    public nint Handle => _handle.Value != 0 ? _handle.Value : throw new SshException($"libcrypto on this machine does not offer {_name}");

    public static LibCryptoAlgorithm Cipher(string name) => new(name, static name => LibCrypto.EVP_CIPHER_fetch(0, name, 0));

    public static LibCryptoAlgorithm Mac(string name) => new(name, static name => LibCrypto.EVP_MAC_fetch(0, name, 0));

    public static LibCryptoAlgorithm Digest(string name) => new(name, static name => LibCrypto.EVP_MD_fetch(0, name, 0));

    public static LibCryptoAlgorithm Key(string name) => new(name, static name => LibCrypto.EVP_KEYMGMT_fetch(0, name, 0));
}

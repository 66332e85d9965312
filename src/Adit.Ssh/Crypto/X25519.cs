using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>Diffie-Hellman on Curve25519, RFC 7748 section 6.1. Thread-safe.</summary>
internal static unsafe class X25519
{
    public const int KeySize = 32;

    private const string KeyType = "X25519";

    private static readonly LibCryptoAlgorithm Algorithm = LibCryptoAlgorithm.Key(KeyType);

    public static bool IsSupported => Algorithm.IsSupported;

    public static void GenerateKeyPair(Span<byte> privateKey, Span<byte> publicKey)
    {
        Buffers.RequireLength(privateKey, KeySize, nameof(privateKey));
        RandomNumberGenerator.Fill(privateKey);
        PublicKey(privateKey, publicKey);
    }

    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        Buffers.RequireLength(privateKey, KeySize, nameof(privateKey));
        Buffers.RequireLength(publicKey, KeySize, nameof(publicKey));
        using EvpKey key = EvpKey.FromPrivate(KeyType, privateKey);
        key.WritePublic(publicKey);
    }

    /// <summary>
    /// The shared secret. False, and the secret zeroed, when the peer's key has a wrong length or forces the secret to zero
    /// (a point of small order), RFC 8731 section 3.
    /// </summary>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> peerPublicKey, Span<byte> secret)
    {
        Buffers.RequireLength(privateKey, KeySize, nameof(privateKey));
        Buffers.RequireLength(secret, KeySize, nameof(secret));
        if (peerPublicKey.Length != KeySize)
        {
            secret.Clear();
            return false;
        }

        using EvpKey own = EvpKey.FromPrivate(KeyType, privateKey);
        using EvpKey peer = EvpKey.FromPublic(KeyType, peerPublicKey);
        using EvpKeyContext context = LibCrypto.EVP_PKEY_CTX_new_from_pkey(0, own, 0);
        if (context.IsInvalid)
            throw LibCrypto.Failure(nameof(LibCrypto.EVP_PKEY_CTX_new_from_pkey));
        LibCrypto.Check(LibCrypto.EVP_PKEY_derive_init(context));
        nuint length = KeySize;
        bool agreed;
        fixed (byte* output = secret)
        {
            agreed = LibCrypto.EVP_PKEY_derive_set_peer(context, peer) == 1
                && LibCrypto.EVP_PKEY_derive(context, output, &length) == 1
                && length == KeySize;
        }
        // libcrypto refuses the zero secret by itself; whether every 3.x does is not left to hope.
        Span<byte> zero = stackalloc byte[KeySize];
        zero.Clear();
        if (agreed && !CryptographicOperations.FixedTimeEquals(secret, zero))
            return true;
        CryptographicOperations.ZeroMemory(secret);
        LibCrypto.ERR_clear_error();
        return false;
    }
}

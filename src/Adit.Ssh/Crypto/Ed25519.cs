using System.Security.Cryptography;

namespace Adit.Ssh.Crypto;

/// <summary>Pure Ed25519, RFC 8032 section 5.1. Thread-safe.</summary>
internal static unsafe class Ed25519
{
    public const int PublicKeySize = 32;
    public const int SeedSize = 32;
    public const int SignatureSize = 64;

    private const string KeyType = "ED25519";

    private static readonly LibCryptoAlgorithm Algorithm = LibCryptoAlgorithm.Key(KeyType);

    public static bool IsSupported => Algorithm.IsSupported;

    public static void PublicKey(ReadOnlySpan<byte> seed, Span<byte> publicKey)
    {
        Buffers.RequireLength(seed, SeedSize, nameof(seed));
        Buffers.RequireLength(publicKey, PublicKeySize, nameof(publicKey));
        using EvpKey key = EvpKey.FromPrivate(KeyType, seed);
        key.WritePublic(publicKey);
    }

    public static void Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> data, Span<byte> signature)
    {
        Buffers.RequireLength(seed, SeedSize, nameof(seed));
        Buffers.RequireLength(signature, SignatureSize, nameof(signature));
        using EvpKey key = EvpKey.FromPrivate(KeyType, seed);
        using DigestContext context = DigestContext.Create();
        LibCrypto.Check(LibCrypto.EVP_DigestSignInit(context, 0, 0, 0, key));
        nuint length = SignatureSize;
        fixed (byte* output = signature, input = data)
            LibCrypto.Check(LibCrypto.EVP_DigestSign(context, output, &length, input, (nuint)data.Length));
        if (length != SignatureSize)
            throw new CryptographicException($"libcrypto made an Ed25519 signature of {length} bytes");
    }

    /// <summary>False for whatever is not a signature of the data by that key, wrong lengths included.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize)
            return false;
        using EvpKey key = EvpKey.FromPublic(KeyType, publicKey);
        using DigestContext context = DigestContext.Create();
        LibCrypto.Check(LibCrypto.EVP_DigestVerifyInit(context, 0, 0, 0, key));
        fixed (byte* given = signature, input = data)
        {
            if (LibCrypto.EVP_DigestVerify(context, given, SignatureSize, input, (nuint)data.Length) == 1)
                return true;
        }
        LibCrypto.ERR_clear_error();
        return false;
    }
}

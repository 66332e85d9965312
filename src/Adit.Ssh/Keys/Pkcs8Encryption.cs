using System.Formats.Asn1;
using System.Security.Cryptography;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Keys;

/// <summary>
/// EncryptedPrivateKeyInfo (RFC 5958 section 3) under PBES2 with PBKDF2 and AES-CBC (RFC 8018): what OpenSSL and ssh-keygen write. Opened
/// here in place of the platform's import, which takes any number of iterations and needs to know the key's algorithm beforehand.
/// </summary>
internal static class Pkcs8Encryption
{
    /// <summary>A few seconds' work; OpenSSL writes 2048, the advice of today is 600,000.</summary>
    public const int MaxIterations = 10_000_000;

    private const string Pbes2Oid = "1.2.840.113549.1.5.13";
    private const string Pbkdf2Oid = "1.2.840.113549.1.5.12";
    private const string HmacSha1Oid = "1.2.840.113549.2.7";

    /// <summary>The PrivateKeyInfo inside.</summary>
    /// <exception cref="SshKeyException">The encryption is not served, or the passphrase is missing or wrong.</exception>
    /// <exception cref="AsnContentException">The structure is malformed.</exception>
    public static SecretBytes Open(ReadOnlyMemory<byte> encrypted, ReadOnlySpan<byte> passphrase)
    {
        AsnReader info = new AsnReader(encrypted, AsnEncodingRules.BER).ReadSequence();
        AsnReader algorithm = info.ReadSequence();
        RequireOid(algorithm, Pbes2Oid);
        AsnReader parameters = algorithm.ReadSequence();
        AsnReader derivation = parameters.ReadSequence();
        AsnReader cipher = parameters.ReadSequence();
        byte[] sealedKey = info.ReadOctetString();
        info.ThrowIfNotEmpty();

        int keyLength = KeyLength(cipher.ReadObjectIdentifier());
        byte[] iv = cipher.ReadOctetString();
        using SecretBytes key = Derive(derivation, passphrase, keyLength);
        using Aes aes = Aes.Create();
        if (iv.Length != aes.BlockSize / 8 || sealedKey.Length == 0 || sealedKey.Length % iv.Length != 0)
            throw new AsnContentException("the initialization vector or the encrypted key has the wrong length");
        aes.SetKey(key.Span);
        using var padded = new SecretBytes(sealedKey.Length);
        try
        {
            int length = aes.DecryptCbc(sealedKey, iv, padded.Span);
            var opened = new SecretBytes(length);
            padded.Span[..length].CopyTo(opened.Span);
            return opened;
        }
        catch (CryptographicException e)
        {
            throw new SshKeyException(SshKeyError.WrongPassphrase, "the passphrase is wrong", e);
        }
    }

    private static SecretBytes Derive(AsnReader derivation, ReadOnlySpan<byte> passphrase, int keyLength)
    {
        RequireOid(derivation, Pbkdf2Oid);
        AsnReader parameters = derivation.ReadSequence();
        byte[] salt = parameters.ReadOctetString();
        if (!parameters.TryReadInt32(out int iterations) || iterations is < 1 or > MaxIterations)
            throw new SshKeyException(SshKeyError.Unsupported, $"the key is derived in more than {MaxIterations} iterations, or none; rewrite it with ssh-keygen -p");
        if (parameters.HasData && parameters.PeekTag() == Asn1Tag.Integer && (!parameters.TryReadInt32(out int stated) || stated != keyLength))
            throw new AsnContentException("the length of the derived key does not fit its cipher");
        HashAlgorithmName hash = HmacHash(parameters.HasData ? parameters.ReadSequence().ReadObjectIdentifier() : HmacSha1Oid);

        // Only now: nobody is to be asked for the passphrase of a file that cannot be read.
        if (passphrase.IsEmpty)
            throw new SshKeyException(SshKeyError.PassphraseNeeded, "the key is encrypted; its passphrase is needed");
        var key = new SecretBytes(keyLength);
        Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, key.Span, iterations, hash);
        return key;
    }

    private static int KeyLength(string cipher) => cipher switch
    {
        "2.16.840.1.101.3.4.1.2" => 16,
        "2.16.840.1.101.3.4.1.22" => 24,
        "2.16.840.1.101.3.4.1.42" => 32,
        _ => throw NotServed(cipher),
    };

    // SHA-1 is the default of the format; as an HMAC it holds, and nothing new is written with it.
    private static HashAlgorithmName HmacHash(string oid) => oid switch
    {
        HmacSha1Oid => HashAlgorithmName.SHA1,
        "1.2.840.113549.2.9" => HashAlgorithmName.SHA256,
        "1.2.840.113549.2.10" => HashAlgorithmName.SHA384,
        "1.2.840.113549.2.11" => HashAlgorithmName.SHA512,
        _ => throw NotServed(oid),
    };

    private static void RequireOid(AsnReader reader, string oid)
    {
        string found = reader.ReadObjectIdentifier();
        if (found != oid)
            throw NotServed(found);
    }

    private static SshKeyException NotServed(string oid) =>
        new(SshKeyError.Unsupported, $"the key is encrypted in a way that is not served (algorithm {oid}); rewrite it with ssh-keygen -p");
}

using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Crypto;

namespace Adit.Ssh.Keys;

/// <summary>Private keys in PEM: PKCS#1 (RSA), SEC1 (EC), PKCS#8 plain and encrypted (RFC 5958, RFC 8410 for Ed25519).</summary>
internal static class PemKeyFile
{
    private const string Ed25519Oid = "1.3.101.112";
    private const string RsaOid = "1.2.840.113549.1.1.1";
    private const string EcOid = "1.2.840.10045.2.1";

    private const string Encrypted = "ENCRYPTED PRIVATE KEY";

    public static bool IsEncrypted(ReadOnlySpan<byte> file)
    {
        if (IsTraditionallyEncrypted(file))
            return true;
        return Find(file, out _) == Encrypted;
    }

    public static KeySigner Read(ReadOnlySpan<byte> file, ReadOnlySpan<byte> passphrase)
    {
        if (IsTraditionallyEncrypted(file))
            throw new SshKeyException(SshKeyError.Unsupported, "the key is encrypted in the old PEM way; rewrite it with ssh-keygen -p");
        string label = Find(file, out ReadOnlySpan<byte> base64);
        using SecretBytes der = Decode(base64);
        try
        {
            switch (label)
            {
                case Encrypted:
                    return ReadEncrypted(der, passphrase);
                case "PRIVATE KEY":
                    return ReadPkcs8(der);
                case "RSA PRIVATE KEY":
                    return Rsa(der, static (key, source) => key.ImportRSAPrivateKey(source, out _));
                default:
                    return Ecdsa(der, static (key, source) => key.ImportECPrivateKey(source, out _));
            }
        }
        catch (AsnContentException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, "the private key is malformed", e);
        }
        catch (CryptographicException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the private key cannot be used: {e.Message}", e);
        }
    }

    // RFC 1421 headers inside the block; its key derivation is one round of MD5.
    private static bool IsTraditionallyEncrypted(ReadOnlySpan<byte> file) => file.IndexOf("Proc-Type: 4,ENCRYPTED"u8) >= 0;

    /// <summary>The first private key in the file; others, such as the EC PARAMETERS that openssl writes before it, are passed over.</summary>
    private static string Find(ReadOnlySpan<byte> file, out ReadOnlySpan<byte> base64)
    {
        string? other = null;
        while (PemEncoding.TryFindUtf8(file, out PemFields fields))
        {
            string label = Encoding.ASCII.GetString(file[fields.Label]);
            if (label is "RSA PRIVATE KEY" or "EC PRIVATE KEY" or "PRIVATE KEY" or Encrypted)
            {
                base64 = file[fields.Base64Data];
                return label;
            }

            other ??= label;
            file = file[fields.Location.End..];
        }

        throw other is null
            ? new SshKeyException(SshKeyError.Malformed, "the file holds no private key")
            : new SshKeyException(SshKeyError.Unsupported, $"the file holds a {other}, not a private key that is served");
    }

    private static SecretBytes Decode(ReadOnlySpan<byte> base64)
    {
        if (!Base64.IsValid(base64, out int length))
            throw new SshFormatException("the file is not base64");
        var der = new SecretBytes(length);
        Base64.DecodeFromUtf8(base64, der.Span, out _, out _);
        return der;
    }

    private static KeySigner ReadEncrypted(SecretBytes der, ReadOnlySpan<byte> passphrase)
    {
        if (passphrase.IsEmpty)
            throw new SshKeyException(SshKeyError.PassphraseNeeded, "the key is encrypted; its passphrase is needed");
        using SecretBytes opened = Pkcs8Encryption.Open(der.Memory, passphrase);
        try
        {
            return ReadPkcs8(opened);
        }
        catch (AsnContentException e)
        {
            // One wrong passphrase in 256 leaves a padding that looks right, and behind it no structure.
            throw new SshKeyException(SshKeyError.WrongPassphrase, "the passphrase is wrong", e);
        }
    }

    private static KeySigner ReadPkcs8(SecretBytes der)
    {
        AsnReader info = new AsnReader(der.Memory, AsnEncodingRules.BER).ReadSequence();
        info.ReadInteger();
        string algorithm = info.ReadSequence().ReadObjectIdentifier();
        switch (algorithm)
        {
            case RsaOid:
                return Rsa(der, static (key, source) => key.ImportPkcs8PrivateKey(source, out _));
            case EcOid:
                return Ecdsa(der, static (key, source) => key.ImportPkcs8PrivateKey(source, out _));
            case Ed25519Oid:
                byte[] inner = info.ReadOctetString();
                byte[] seed = new AsnReader(inner, AsnEncodingRules.BER).ReadOctetString();
                try
                {
                    return new Ed25519Signer(seed);
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(inner);
                    CryptographicOperations.ZeroMemory(seed);
                }

            default:
                throw new SshKeyException(SshKeyError.Unsupported, $"private keys of algorithm {algorithm} are not served");
        }
    }

    private static RsaSigner Rsa(SecretBytes der, Action<RSA, ReadOnlySpan<byte>> import)
    {
        RSA key = RSA.Create();
        try
        {
            import(key, der.Span);
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static EcdsaSigner Ecdsa(SecretBytes der, Action<ECDsa, ReadOnlySpan<byte>> import)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            import(key, der.Span);
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}

using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace Adit.Ssh.Keys;

/// <summary>Private keys in PEM: PKCS#1 (RSA), SEC1 (EC), PKCS#8 plain and encrypted (RFC 5958, RFC 8410 for Ed25519).</summary>
internal static class PemKeyFile
{
    private const string Ed25519Oid = "1.3.101.112";
    private const string RsaOid = "1.2.840.113549.1.1.1";
    private const string EcOid = "1.2.840.10045.2.1";

    public static bool IsEncrypted(string text) => text.Contains("ENCRYPTED", StringComparison.Ordinal);

    public static KeySigner Read(string text, ReadOnlySpan<byte> passphrase)
    {
        if (!PemEncoding.TryFind(text, out PemFields fields))
        {
            // A PEM block with headers inside: the traditional encryption, whose key derivation is one round of MD5.
            if (text.Contains("Proc-Type:", StringComparison.Ordinal))
                throw new SshKeyException(SshKeyError.Unsupported, "the key is encrypted in the old PEM way; rewrite it with ssh-keygen -p");
            throw new SshKeyException(SshKeyError.Malformed, "the file holds no private key");
        }

        string label = text[fields.Label];
        try
        {
            return label switch
            {
                "RSA PRIVATE KEY" => Rsa(key => key.ImportFromPem(text)),
                "EC PRIVATE KEY" => Ecdsa(key => key.ImportFromPem(text)),
                "PRIVATE KEY" => ReadPkcs8(text, fields),
                "ENCRYPTED PRIVATE KEY" => ReadEncryptedPkcs8(text, passphrase),
                _ => throw new SshKeyException(SshKeyError.Unsupported, $"the file holds a {label}, not a private key that is served"),
            };
        }
        catch (Exception e) when (e is ArgumentException or AsnContentException)
        {
            throw new SshKeyException(SshKeyError.Malformed, "the private key is malformed", e);
        }
        catch (CryptographicException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the private key cannot be used: {e.Message}", e);
        }
    }

    private static KeySigner ReadPkcs8(string text, PemFields fields)
    {
        byte[] der = Convert.FromBase64String(text[fields.Base64Data]);
        try
        {
            AsnReader info = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
            info.ReadInteger();
            string algorithm = info.ReadSequence().ReadObjectIdentifier();
            switch (algorithm)
            {
                case RsaOid:
                    return Rsa(key => key.ImportFromPem(text));
                case EcOid:
                    return Ecdsa(key => key.ImportFromPem(text));
                case Ed25519Oid:
                    byte[] seed = new AsnReader(info.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
                    var signer = new Ed25519Signer(seed);
                    CryptographicOperations.ZeroMemory(seed);
                    return signer;
                default:
                    throw new SshKeyException(SshKeyError.Unsupported, $"private keys of algorithm {algorithm} are not served");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    // The algorithm is inside the encryption, so the types are tried in turn; a wrong passphrase fails for both.
    private static KeySigner ReadEncryptedPkcs8(string text, ReadOnlySpan<byte> passphrase)
    {
        if (passphrase.IsEmpty)
            throw new SshKeyException(SshKeyError.PassphraseNeeded, "the key is encrypted; its passphrase is needed");
        char[] password = Encoding.UTF8.GetChars(passphrase.ToArray());
        try
        {
            return Rsa(key => key.ImportFromEncryptedPem(text, password));
        }
        catch (CryptographicException)
        {
            try
            {
                return Ecdsa(key => key.ImportFromEncryptedPem(text, password));
            }
            catch (CryptographicException e)
            {
                throw new SshKeyException(
                    SshKeyError.WrongPassphrase, "the passphrase is wrong, or the key is of a kind that is not served in encrypted PKCS#8 (rewrite it with ssh-keygen -p)", e);
            }
        }
        finally
        {
            password.AsSpan().Clear();
        }
    }

    private static RsaSigner Rsa(Action<RSA> import)
    {
        RSA key = RSA.Create();
        try
        {
            import(key);
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static EcdsaSigner Ecdsa(Action<ECDsa> import)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            import(key);
            return new(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}

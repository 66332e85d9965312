using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Crypto;
using Adit.Ssh.Wire;

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
                    return Rsa(der, static (RSA key, ReadOnlySpan<byte> source, out int read) => key.ImportRSAPrivateKey(source, out read));
                default:
                    return Ecdsa(der, static (ECDsa key, ReadOnlySpan<byte> source, out int read) => key.ImportECPrivateKey(source, out read));
            }
        }
        catch (AsnContentException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, "the private key is malformed", e);
        }
        catch (PlatformNotSupportedException e)
        {
            // What the platform throws for a curve that it does not know.
            throw new SshKeyException(SshKeyError.Unsupported, "the key is on a curve that is not served; nistp256, nistp384 and nistp521 are", e);
        }
        catch (CryptographicException e)
        {
            throw new SshKeyException(SshKeyError.Malformed, $"the private key cannot be used: {e.Message}", e);
        }
    }

    private delegate void Import<in T>(T key, ReadOnlySpan<byte> source, out int read);

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
            : new SshKeyException(SshKeyError.Unsupported, $"the file holds a {PeerText.Printable(other)}, not a private key that is served");
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
        var outer = new AsnReader(der.Memory, AsnEncodingRules.BER);
        AsnReader info = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        info.ReadInteger();
        string algorithm = info.ReadSequence().ReadObjectIdentifier();
        switch (algorithm)
        {
            case RsaOid:
                return Rsa(der, static (RSA key, ReadOnlySpan<byte> source, out int read) => key.ImportPkcs8PrivateKey(source, out read));
            case EcOid:
                return Ecdsa(der, static (ECDsa key, ReadOnlySpan<byte> source, out int read) => key.ImportPkcs8PrivateKey(source, out read));
            case Ed25519Oid:
                byte[] inner = info.ReadOctetString();
                byte[] seed = new AsnReader(inner, AsnEncodingRules.BER).ReadOctetString();
                try
                {
                    return WithPublicKey(new Ed25519Signer(seed), info);
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

    // RFC 5958 section 2: attributes under tag 0 and the public key under tag 1 may follow.
    private static Ed25519Signer WithPublicKey(Ed25519Signer signer, AsnReader rest)
    {
        try
        {
            while (rest.HasData)
            {
                var publicKey = new Asn1Tag(TagClass.ContextSpecific, 1);
                if (!rest.PeekTag().HasSameClassAndValue(publicKey))
                    rest.ReadEncodedValue();
                else if (!rest.ReadBitString(out _, publicKey).AsSpan().SequenceEqual(signer.RawPublicKey))
                    throw new SshKeyException(SshKeyError.Malformed, "the private key does not belong to its public key");
            }

            return signer;
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }

    private static RsaSigner Rsa(SecretBytes der, Import<RSA> import)
    {
        RSA key = RSA.Create();
        try
        {
            import(key, der.Span, out int read);
            return read == der.Length ? new(key) : throw new AsnContentException();
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static EcdsaSigner Ecdsa(SecretBytes der, Import<ECDsa> import)
    {
        ECDsa key = ECDsa.Create();
        try
        {
            import(key, der.Span, out int read);
            return read == der.Length ? new(key) : throw new AsnContentException();
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}

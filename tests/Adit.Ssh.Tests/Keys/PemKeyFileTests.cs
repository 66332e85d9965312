using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Keys;

namespace Adit.Ssh.Tests.Keys;

/// <summary>PEM files that ssh-keygen does not write: of openssl, of the RFCs, and malformed ones.</summary>
public sealed class PemKeyFileTests
{
    // Written by openssl pkcs8 -topk8 from one throw-away Ed25519 key, passphrase "secret".
    private const string OpensslPublicKey = "78d5eec20045e061d07400c1a6fbcb861df94c02c15c1b4653e752cf5cf9cce1";

    private const string Sha256Aes256 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhCWHqaYXb/dQIBCjAM
        BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQf3FOksLdNGJbnMsjKflMEwRAAuOK
        GA9BGU2wxy3ht/v+2JB1+jIsOJ1T4vC5KkXyvihMhFzoD9vu7nzzgDS4rPVwKNp+
        94NBKnQOgvAfbPSaqw==
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    private const string Sha512Aes192 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAipFRVLFvPYsQIBCjAM
        BggqhkiG9w0CCwUAMB0GCWCGSAFlAwQBFgQQynD068yipdO/ynyhe0jkHARA9Gp/
        yD+22vL8nDN947+AFDdSqIwCeTyxs1idAP9Em204jL4I4y5WbxQ1eqbZC84Z40ry
        EHolEAYbL2LX3z/f4Q==
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    private const string Scrypt = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGSME4GCSqGSIb3DQEFDTBBMCAGCSsGAQQB2kcECzATBAh9Kd+NMDLjaQIBEAIB
        CAIBATAdBglghkgBZQMEASoEEMm4sB7TYQ930jHADP9Pav0EQPYEz5PL0uLgIezm
        Cj9SYNBbIc2vaCmW0qcDeac5lp9LZCgoED3HZ+usylmDuZIrOywjHwxGadaRg3PE
        yeLdCw0=
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    private const string TripleDes = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGJME0GCSqGSIb3DQEFDTBAMCgGCSqGSIb3DQEFDDAbBAgZYVgyX0A6AgIBCjAM
        BggqhkiG9w0CCQUAMBQGCCqGSIb3DQMHBAjYKDV89OjI4QQ4Wzl3uR/GFgDKCWlk
        AUBTUsQ8uC0M8CT4Q+U5ld6ZJDKDh62U9mVBomPVFnByvw3fIubIAl/zk5k=
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    private const string Pbes1 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MFcwGwYKKoZIhvcNAQwBAzANBAirnDLdu9YrEAIBCgQ4MqOfVVuL65texFR1efpE
        3FcumwToQ0xselTLmJkrNooUeCnQCqw3XbGeS4bcW9T4osOBOnmZj7A=
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    // RFC 8410 section 10.3
    private const string Rfc8410WithPublicKey = """
        -----BEGIN PRIVATE KEY-----
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
        Z9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PRIVATE KEY-----
        """;

    private static readonly byte[] Rfc8410PublicKey = Convert.FromBase64String("Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");

    [Theory]
    [InlineData(Sha256Aes256)]
    [InlineData(Sha512Aes192)]
    public void An_encrypted_Ed25519_key_of_openssl_is_read_with_its_passphrase_only(string pem)
    {
        byte[] file = Encoding.ASCII.GetBytes(pem);
        using SshPrivateKey key = SshPrivateKey.Parse(file, "f", "secret"u8);
        Assert.Equal(KeyBytes.Ed25519(Convert.FromHexString(OpensslPublicKey)), key.PublicKey.Blob.ToArray());
        Assert.True(SshPrivateKey.IsEncrypted(file));
        KeyBytes.Refused(SshKeyError.PassphraseNeeded, () => SshPrivateKey.Parse(file, "f"));

        // Enough that some of them leave a padding that looks right.
        for (int i = 0; i < 1000; i++)
            KeyBytes.Refused(SshKeyError.WrongPassphrase, () => SshPrivateKey.Parse(file, "f", Encoding.ASCII.GetBytes($"wrong {i}")));
    }

    [Theory]
    [InlineData(Scrypt)]
    [InlineData(TripleDes)]
    [InlineData(Pbes1)]
    public void Weak_or_foreign_encryption_of_PKCS8_is_refused_with_the_way_out(string pem)
    {
        byte[] file = Encoding.ASCII.GetBytes(pem);
        SshKeyException refusal = KeyBytes.Refused(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "f", "secret"u8));
        Assert.Contains("ssh-keygen -p", refusal.Message, StringComparison.Ordinal);
        KeyBytes.Refused(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "f"));
    }

    [Fact]
    public void An_Ed25519_key_with_attributes_and_public_key_is_read()
    {
        using SshPrivateKey key = SshPrivateKey.Parse(Encoding.ASCII.GetBytes(Rfc8410WithPublicKey), "f");
        Assert.Equal(KeyBytes.Ed25519(Rfc8410PublicKey), key.PublicKey.Blob.ToArray());
    }

    [Fact]
    public void An_Ed25519_key_beside_the_public_key_of_another_is_refused()
    {
        byte[] der = Convert.FromBase64String(string.Concat(Rfc8410WithPublicKey.Split('\n')[1..^1]));
        der[^1] ^= 1;
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(Pem("PRIVATE KEY", der), "f"));
    }

    [Fact]
    public void A_PKCS1_key_whose_halves_do_not_belong_together_is_refused()
    {
        using RSA one = RSA.Create(2048), other = RSA.Create(2048);
        RSAParameters a = one.ExportParameters(includePrivateParameters: true), b = other.ExportParameters(includePrivateParameters: true);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.PushSequence();
        writer.WriteInteger(0);
        foreach (byte[]? number in (byte[]?[])[b.Modulus, b.Exponent, a.D, a.P, a.Q, a.DP, a.DQ, a.InverseQ])
            writer.WriteIntegerUnsigned(number.AsSpan().TrimStart((byte)0));
        writer.PopSequence();
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(Pem("RSA PRIVATE KEY", writer.Encode()), "f"));
    }

    [Fact]
    public void A_SEC1_key_with_the_point_of_another_is_refused()
    {
        using ECDsa one = ECDsa.Create(ECCurve.NamedCurves.nistP256), other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] der = one.ExportECPrivateKey();
        other.ExportECPrivateKey().AsSpan(der.Length - 64).CopyTo(der.AsSpan(der.Length - 64));
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(Pem("EC PRIVATE KEY", der), "f"));
    }

    [Fact]
    public void Bytes_behind_the_key_are_refused()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        (string Label, byte[] Der)[] keys =
        [
            ("RSA PRIVATE KEY", rsa.ExportRSAPrivateKey()), ("PRIVATE KEY", rsa.ExportPkcs8PrivateKey()),
            ("EC PRIVATE KEY", ecdsa.ExportECPrivateKey()), ("PRIVATE KEY", ecdsa.ExportPkcs8PrivateKey()),
        ];
        foreach ((string label, byte[] der) in keys)
            KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(Pem(label, [.. der, 0]), "f"));
    }

    private static byte[] Pem(string label, byte[] der) => Encoding.ASCII.GetBytes(PemEncoding.WriteString(label, der));
}

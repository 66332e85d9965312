using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Adit.Ssh.Keys;
using static Adit.Ssh.Tests.Keys.KeyFileTests;

namespace Adit.Ssh.Tests.Keys;

/// <summary>PEM and PKCS#8 files that ssh-keygen does not write and other programs do.</summary>
public sealed class Pkcs8Tests
{
    // RFC 8410 section 10.3, and the same key with attributes and the public key
    [Theory]
    [InlineData("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC")]
    [InlineData(
        "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")]
    public void The_Ed25519_key_of_RFC_8410_is_read(string base64)
    {
        using SshPrivateKey key = SshPrivateKey.Parse(Pem("PRIVATE KEY", Convert.FromBase64String(base64)), "k");
        Assert.Equal(
            "19BF44096984CDFE8541BAC167DC3B96C85086AA30B6B6CB0C5C38AD703166E1", Convert.ToHexString(key.PublicKey.Blob.Span[^32..]));
        Signatures.AssertUsable(key);
    }

    public static TheoryData<string, string?, bool> Encryptions => new()
    {
        { "2.16.840.1.101.3.4.1.2", "1.2.840.113549.2.9", false },
        { "2.16.840.1.101.3.4.1.22", "1.2.840.113549.2.10", true },
        { "2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.11", true },
        { "2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.7", false },
        { "2.16.840.1.101.3.4.1.42", null, true },
    };

    [Theory]
    [MemberData(nameof(Encryptions))]
    public void Every_served_encryption_opens_with_its_passphrase_only(string cipher, string? mac, bool statesKeyLength)
    {
        byte[] file = Pem("ENCRYPTED PRIVATE KEY", Encrypt(Ed25519Info(), cipher, mac, 1000, statesKeyLength));
        using SshPrivateKey key = SshPrivateKey.Parse(file, "k", "passphrase"u8);
        Assert.Equal("ssh-ed25519", key.PublicKey.KeyType);
        Signatures.AssertUsable(key);

        // Among so many, some leave a padding that looks right.
        for (int i = 0; i < 600; i++)
        {
            byte[] wrong = Encoding.ASCII.GetBytes($"wrong {i}");
            AssertKind(SshKeyError.WrongPassphrase, () => SshPrivateKey.Parse(file, "k", wrong));
        }
    }

    [Theory]
    [InlineData("1.2.840.113549.3.7", "1.2.840.113549.2.9", 1000)] // 3DES
    [InlineData("2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.8", 1000)] // HMAC with SHA-224
    [InlineData("2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.9", 0)]
    [InlineData("2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.9", 10_000_001)]
    [InlineData("2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.9", long.MaxValue)]
    public void Encryptions_that_are_not_served_are_refused_without_being_tried(string cipher, string mac, long iterations)
    {
        byte[] file = Pem("ENCRYPTED PRIVATE KEY", Encrypt(Ed25519Info(), cipher, mac, iterations, statesKeyLength: false));
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "k", "passphrase"u8));
        Assert.Contains("ssh-keygen -p", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_curve_parameters_that_openssl_writes_before_a_key_are_passed_over()
    {
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] file = [.. Pem("EC PARAMETERS", Convert.FromHexString("06082A8648CE3D030107")), .. Pem("EC PRIVATE KEY", ec.ExportECPrivateKey())];
        using SshPrivateKey key = SshPrivateKey.Parse(file, "k");
        Signatures.AssertUsable(key);
        Assert.False(SshPrivateKey.IsEncrypted(file));
    }

    [Theory]
    [InlineData("brainpoolP256r1")]
    [InlineData("brainpoolP384r1")]
    [InlineData("secp256k1")]
    [InlineData("nistP224")]
    public void Keys_on_other_curves_are_refused(string curve)
    {
        using ECDsa ec = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Pem("EC PRIVATE KEY", ec.ExportECPrivateKey()), "k"));
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Pem("PRIVATE KEY", ec.ExportPkcs8PrivateKey()), "k"));
    }

    [Fact]
    public void A_key_with_explicit_curve_parameters_is_refused()
    {
        using ECDsa named = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa ec = ECDsa.Create(named.ExportExplicitParameters(includePrivateParameters: true));
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Pem("PRIVATE KEY", ec.ExportPkcs8PrivateKey()), "k"));
    }

    [Fact]
    public void An_RSA_key_of_1024_bits_is_too_weak()
    {
        using RSA rsa = RSA.Create(1024);
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Pem("RSA PRIVATE KEY", rsa.ExportRSAPrivateKey()), "k"));
        Assert.Contains("2048", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CERTIFICATE")]
    [InlineData("PUBLIC KEY")]
    [InlineData("DSA PRIVATE KEY")]
    [InlineData("SSH2 ENCRYPTED PRIVATE KEY")]
    public void Other_PEM_files_are_refused_by_their_name(string label)
    {
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(Pem(label, [1, 2, 3]), "k"));
        Assert.Contains(label, e.Message, StringComparison.Ordinal);
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.IsEncrypted(Pem(label, [1, 2, 3])));
    }

    [Fact]
    public void A_damaged_PKCS8_file_is_refused_and_never_throws_anything_else()
    {
        byte[] der = Ed25519Info();
        byte[] encrypted = Encrypt(der, "2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.9", 10, statesKeyLength: true);
        for (int length = 0; length < der.Length; length++)
            AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(Pem("PRIVATE KEY", der.AsSpan(0, length)), "k"));
        for (int length = 0; length < encrypted.Length; length++)
            AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(Pem("ENCRYPTED PRIVATE KEY", encrypted.AsSpan(0, length)), "k", "passphrase"u8));

        // Some bits do not matter: the version's, or which of two equal lengths is stated.
        int refused = 0;
        for (int bit = 0; bit < encrypted.Length * 8; bit++)
        {
            byte[] flipped = [.. encrypted];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                SshPrivateKey.Parse(Pem("ENCRYPTED PRIVATE KEY", flipped), "k", "passphrase"u8).Dispose();
            }
            catch (SshKeyException)
            {
                refused++;
            }
        }

        Assert.True(refused > encrypted.Length * 6, $"{refused} of {encrypted.Length * 8}");
    }

    private static byte[] Ed25519Info() => Convert.FromBase64String("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC");

    private static byte[] Pem(string label, ReadOnlySpan<byte> der) => Encoding.ASCII.GetBytes(PemEncoding.WriteString(label, der) + "\n");

    // RFC 8018 appendix A.4; where the cipher is none of AES, the content is not encrypted at all.
    private static byte[] Encrypt(byte[] info, string cipher, string? mac, long iterations, bool statesKeyLength)
    {
        byte[] salt = new byte[8], iv = new byte[16];
        int keyLength = cipher[^2..] switch { ".2" => 16, "22" => 24, "42" => 32, _ => 0 };
        byte[] content = info;
        if (keyLength > 0 && iterations is > 0 and < 100_000)
        {
            HashAlgorithmName hash = mac?[^2..] switch
            {
                ".9" => HashAlgorithmName.SHA256,
                "10" => HashAlgorithmName.SHA384,
                "11" => HashAlgorithmName.SHA512,
                _ => HashAlgorithmName.SHA1,
            };
            using Aes aes = Aes.Create();
            aes.SetKey(Rfc2898DeriveBytes.Pbkdf2("passphrase"u8, salt, (int)iterations, hash, keyLength));
            content = aes.EncryptCbc(info, iv);
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.5.13");
                using (writer.PushSequence())
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier("1.2.840.113549.1.5.12");
                        using (writer.PushSequence())
                        {
                            writer.WriteOctetString(salt);
                            writer.WriteInteger(iterations);
                            if (statesKeyLength)
                                writer.WriteInteger(keyLength);
                            if (mac is not null)
                            {
                                using (writer.PushSequence())
                                {
                                    writer.WriteObjectIdentifier(mac);
                                    writer.WriteNull();
                                }
                            }
                        }
                    }

                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(cipher);
                        writer.WriteOctetString(iv);
                    }
                }
            }

            writer.WriteOctetString(content);
        }

        return writer.Encode();
    }
}

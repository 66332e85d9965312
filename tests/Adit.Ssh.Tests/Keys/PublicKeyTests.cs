using System.Security.Cryptography;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;
using Adit.Tests.Shared;
using static Adit.Ssh.Tests.Keys.KeyFileTests;

namespace Adit.Ssh.Tests.Keys;

[Collection(SshKeygenTests.Name)]
public sealed class PublicKeyTests(SshKeygen keygen)
{
    public static TheoryData<string> OneOfEach => ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048"];

    [Theory]
    [MemberData(nameof(OneOfEach))]
    public void A_key_cut_off_at_any_length_or_with_bytes_behind_it_is_refused(string kind)
    {
        byte[] blob = Key(kind).PublicKey.Blob.ToArray();
        for (int length = 0; length < blob.Length; length++)
            Assert.Throws<SshKeyException>(() => SshPublicKey.Parse(blob.AsSpan(0, length)));
        AssertKind(SshKeyError.Malformed, () => SshPublicKey.Parse([.. blob, 0]));
    }

    [Theory]
    [MemberData(nameof(OneOfEach))]
    public void A_key_with_any_bit_flipped_is_refused_or_verifies_nothing(string kind)
    {
        SshPrivateKey key = Key(kind);
        string algorithm = key.PublicKey.SignatureAlgorithms[0];
        byte[] data = "data"u8.ToArray();
        byte[] signature = key.Sign(algorithm, data);
        byte[] blob = key.PublicKey.Blob.ToArray();
        for (int bit = 0; bit < blob.Length * 8; bit++)
        {
            byte[] flipped = [.. blob];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                var other = SshPublicKey.Parse(flipped);
                Assert.NotEqual(key.PublicKey, other);
                Assert.False(other.Verify(algorithm, data, signature), $"bit {bit}");
            }
            catch (SshKeyException)
            {
                // as it should be
            }
        }
    }

    [Theory]
    [MemberData(nameof(OneOfEach))]
    public void A_signature_that_is_damaged_in_any_bit_or_cut_off_is_refused(string kind)
    {
        SshPrivateKey key = Key(kind);
        string algorithm = key.PublicKey.SignatureAlgorithms[0];
        byte[] data = "data"u8.ToArray();
        byte[] signature = key.Sign(algorithm, data);
        for (int bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.PublicKey.Verify(algorithm, data, signature), $"bit {bit}");
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int length = 0; length < signature.Length; length++)
            Assert.False(key.PublicKey.Verify(algorithm, data, signature.AsSpan(0, length)), $"length {length}");
        Assert.False(key.PublicKey.Verify(algorithm, data, [.. signature, 0]));
        Assert.True(key.PublicKey.Verify(algorithm, data, signature));
    }

    [Fact]
    public void A_signature_is_taken_only_under_the_algorithm_that_was_agreed()
    {
        SshPrivateKey key = Key("rsa-2048");
        byte[] data = "data"u8.ToArray();
        byte[] sha512 = key.Sign("rsa-sha2-512", data);
        (_, byte[] inner) = Signatures.Parts(sha512);
        Assert.True(key.PublicKey.Verify("rsa-sha2-512", data, sha512));
        Assert.False(key.PublicKey.Verify("rsa-sha2-256", data, sha512));
        Assert.False(key.PublicKey.Verify("rsa-sha2-256", data, Signatures.Blob("rsa-sha2-256", inner)));
        Assert.False(key.PublicKey.Verify("rsa-sha2-512", data, Signatures.Blob("rsa-sha2-256", inner)));
        Assert.False(key.PublicKey.Verify("rsa-sha2-512-cert-v01@openssh.com", data, sha512));
    }

    [Fact]
    public void No_signature_with_SHA_1_is_taken_or_made()
    {
        string path = keygen.NewFile(File.ReadAllBytes(keygen.Rewritten("rsa-2048", string.Empty, "-m", "PEM")));
        using RSA rsa = RSA.Create();
        rsa.ImportFromPem(File.ReadAllText(path));
        byte[] data = "data"u8.ToArray();
#pragma warning disable CA5350 // The signature is made to be refused.
        byte[] sha1 = rsa.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);
#pragma warning restore CA5350
        SshPrivateKey key = Key("rsa-2048");
        foreach (string algorithm in (string[])["ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"])
        {
            Assert.False(key.PublicKey.Verify("ssh-rsa", data, Signatures.Blob(algorithm, sha1)));
            Assert.False(key.PublicKey.Verify(algorithm, data, Signatures.Blob("ssh-rsa", sha1)));
            Assert.False(key.PublicKey.Verify(algorithm, data, Signatures.Blob(algorithm, sha1)));
        }

        Assert.Equal(["rsa-sha2-512", "rsa-sha2-256"], key.PublicKey.SignatureAlgorithms);
        AssertKind(SshKeyError.Unsupported, () => key.Sign("ssh-rsa", data));
    }

    [Fact]
    public void An_RSA_signature_without_its_leading_zeroes_is_taken_and_one_with_more_bytes_than_the_modulus_is_not()
    {
        SshPrivateKey key = Key("rsa-2048");
        for (int i = 0; ; i++)
        {
            // One signature in 256 begins with a zero; they are deterministic for a key.
            Assert.True(i < 10_000);
            byte[] data = BitConverter.GetBytes(i);
            (string format, byte[] inner) = Signatures.Parts(key.Sign("rsa-sha2-256", data));
            Assert.False(key.PublicKey.Verify(format, data, Signatures.Blob(format, [0, .. inner])));
            if (inner[0] != 0)
                continue;
            Assert.True(key.PublicKey.Verify(format, data, Signatures.Blob(format, inner.AsSpan().TrimStart((byte)0))));
            return;
        }
    }

    [Theory]
    [InlineData("ssh-dss")]
    [InlineData("sk-ssh-ed25519@openssh.com")]
    [InlineData("sk-ecdsa-sha2-nistp256@openssh.com")]
    [InlineData("sk-ssh-ed25519-cert-v01@openssh.com")]
    [InlineData("ssh-dss-cert-v01@openssh.com")]
    [InlineData("rsa-sha2-256")]
    [InlineData("ecdsa-sha2-nistp224")]
    [InlineData("ssh-ed448")]
    [InlineData("-cert-v01@openssh.com")]
    public void Types_that_are_not_served_are_refused_by_name(string type)
    {
        byte[] blob = Signatures.Blob(type, new byte[32]);
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPublicKey.Parse(blob));
        Assert.Contains(type, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024, false)]
    [InlineData(2047, false)]
    [InlineData(2048, true)]
    [InlineData(2049, true)]
    [InlineData(16384, true)]
    [InlineData(16385, false)]
    public void An_RSA_key_has_2048_to_16384_bits(int bits, bool accepted)
    {
        byte[] modulus = Modulus(bits);
        if (accepted)
            Assert.Equal(bits, RsaKey([1, 0, 1], modulus).Bits);
        else
            Assert.Contains($"{bits}", AssertKind(SshKeyError.Unsupported, () => RsaKey([1, 0, 1], modulus)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("01")]
    [InlineData("02")]
    [InlineData("010000")]
    [InlineData("01000000000000000001")]
    public void An_RSA_key_has_an_exponent_that_is_odd_over_1_and_of_64_bits_at_most(string exponent) =>
        Assert.Throws<SshKeyException>(() => RsaKey(Convert.FromHexString(exponent), Modulus(2048)));

    [Fact]
    public void A_key_whose_modulus_is_no_modulus_verifies_nothing()
    {
        byte[] even = Modulus(2048);
        even[^1] &= 0xfe;
        Assert.Throws<SshKeyException>(() => RsaKey([1, 0, 1], even));

        // Prime, square or random: nobody can tell, and nothing verifies.
        SshPublicKey key = RsaKey([3], Modulus(2048));
        foreach (byte[] signature in (byte[][])[[], [0], [1], new byte[256], Modulus(2048), [.. Enumerable.Repeat((byte)0xff, 256)]])
            Assert.False(key.Verify("rsa-sha2-256", "data"u8, Signatures.Blob("rsa-sha2-256", signature)));
    }

    [Fact]
    public void Mpints_that_are_negative_or_padded_are_refused()
    {
        byte[] modulus = Modulus(2048);
        foreach (byte[] raw in (byte[][])[modulus, [0, 0, .. modulus]])
        {
            var writer = new SshWriter([]);
            writer.WriteString("ssh-rsa");
            writer.WriteMpint([1, 0, 1]);
            writer.WriteString(raw);
            byte[] blob = writer.ToArray();
            AssertKind(SshKeyError.Malformed, () => SshPublicKey.Parse(blob));
        }
    }

    [Theory]
    [InlineData("ecdsa-256", 65)]
    [InlineData("ecdsa-384", 97)]
    [InlineData("ecdsa-521", 133)]
    public void A_point_that_is_off_its_curve_or_in_another_form_is_refused(string kind, int length)
    {
        SshPublicKey key = Key(kind).PublicKey;
        byte[] point = key.Blob.Span[^length..].ToArray();
        byte[] off = [.. point];
        off[^1] ^= 1;
        byte[] compressed = [(byte)(2 + (point[^1] & 1)), .. point.AsSpan(1, length / 2)];
        byte[] hybrid = [(byte)(6 + (point[^1] & 1)), .. point.AsSpan(1)];
        byte[] zero = [4, .. new byte[length - 1]];
        byte[] overField = [4, .. Enumerable.Repeat((byte)0xff, length - 1)];
        foreach (byte[] wrong in (byte[][])[off, compressed, hybrid, zero, overField, [0], [], point[1..], [.. point, 0]])
            AssertKind(SshKeyError.Malformed, () => EcdsaKey(key.KeyType, key.KeyType[^8..], wrong));
        Assert.Equal(key, EcdsaKey(key.KeyType, key.KeyType[^8..], point));
        AssertKind(SshKeyError.Malformed, () => EcdsaKey(key.KeyType, "nistp224", point));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void An_Ed25519_key_of_another_length_is_refused(int length)
    {
        byte[] blob = Signatures.Blob("ssh-ed25519", new byte[length]);
        AssertKind(SshKeyError.Malformed, () => SshPublicKey.Parse(blob));
    }

    [Fact]
    public void A_key_over_64_KiB_is_refused() =>
        AssertKind(SshKeyError.Malformed, () => SshPublicKey.Parse(new byte[(64 * 1024) + 1]));

    [Fact]
    public void Random_bytes_under_a_known_name_are_refused()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            byte[] tail = TestBytes.Of(seed % 200, seed);
            foreach (string type in (string[])["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com"])
            {
                var writer = new SshWriter([]);
                writer.WriteString(type);
                writer.WriteBytes(tail);
                byte[] blob = writer.ToArray();
                AssertKind(SshKeyError.Malformed, () => SshPublicKey.Parse(blob));
            }
        }
    }

    [Fact]
    public void Lines_of_pub_files_are_read_with_their_comment()
    {
        SshPublicKey key = Key("ed25519").PublicKey;
        AssertLine($"{key}", string.Empty);
        AssertLine($"{key} me@here", "me@here");
        AssertLine($"  {key}\t a longer  comment \r", "a longer  comment");

        void AssertLine(string line, string expected)
        {
            Assert.True(SshPublicKey.TryParseLine(line, out SshPublicKey? read, out string comment), line);
            Assert.Equal(key, read);
            Assert.Equal(expected, comment);
        }
    }

    [Fact]
    public void Other_lines_are_no_keys()
    {
        SshPublicKey key = Key("ed25519").PublicKey;
        string base64 = Convert.ToBase64String(key.Blob.Span);
        string[] lines =
        [
            "", " ", "#", "ssh-ed25519", base64, $"ssh-rsa {base64}", $"SSH-ED25519 {base64}", $"ssh-ed25519-cert-v01@openssh.com {base64}",
            $"ssh-ed25519 {base64[..^4]}", $"ssh-ed25519 {base64[..^1]}", $"ssh-ed25519 {base64}AAAA", $"ssh-ed25519 !{base64}", $"no-pty {key}",
        ];
        foreach (string line in lines)
        {
            Assert.False(SshPublicKey.TryParseLine(line, out SshPublicKey? read, out _), line);
            Assert.Null(read);
        }
    }

    [Fact]
    public void Keys_are_equal_when_their_blobs_are()
    {
        SshPublicKey key = Key("ed25519").PublicKey;
        var same = SshPublicKey.Parse(key.Blob.Span);
        Assert.Equal(key, same);
        Assert.Equal(key.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(key, Key("ecdsa-256").PublicKey);
        Assert.False(key.Equals(null));
        Assert.Same(key, key.WithoutCertificate);
    }

    [Theory]
    [MemberData(nameof(OneOfEach))]
    public void Ssh_keygen_verifies_what_a_key_signs_and_a_key_what_ssh_keygen_signs(string kind)
    {
        SshPrivateKey key = Key(kind);
        byte[] message = "a message"u8.ToArray();
        string messageFile = keygen.NewFile(message, "message");
        keygen.Run("-q", "-Y", "sign", "-n", "adit", "-f", keygen.PlainKey(kind), messageFile);
        string[] armor = File.ReadAllLines(messageFile + ".sig");
        byte[] theirs = Convert.FromBase64String(string.Concat(armor[1..^1]));

        // PROTOCOL.sshsig: a preamble, the namespace and the message's hash are what is signed.
        byte[] signed = SshSigned(message);
        (SshPublicKey signer, byte[] signature) = ReadSshSig(theirs);
        Assert.Equal(key.PublicKey, signer);
        Assert.True(key.PublicKey.Verify(key.PublicKey.SignatureAlgorithms[0], signed, signature));

        foreach (string algorithm in key.PublicKey.SignatureAlgorithms)
        {
            byte[] ours = WriteSshSig(key.PublicKey, key.Sign(algorithm, signed));
            string file = keygen.NewFile(
                System.Text.Encoding.ASCII.GetBytes($"-----BEGIN SSH SIGNATURE-----\n{Convert.ToBase64String(ours, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n")}\n-----END SSH SIGNATURE-----\n"),
                "ours");
            string allowed = keygen.NewFile(System.Text.Encoding.ASCII.GetBytes($"me {key.PublicKey}\n"), "allowed");
            Assert.Contains("Good", keygen.Run("a message", ["-Y", "verify", "-n", "adit", "-I", "me", "-f", allowed, "-s", file]), StringComparison.Ordinal);
        }
    }

    private static byte[] SshSigned(byte[] message)
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteBytes("SSHSIG"u8);
        writer.WriteString("adit");
        writer.WriteString(string.Empty);
        writer.WriteString("sha512");
        writer.WriteString(SHA512.HashData(message));
        return writer.ToArray();
    }

    private static (SshPublicKey Key, byte[] Signature) ReadSshSig(byte[] sshsig)
    {
        var reader = new SshReader(sshsig);
        Assert.True(reader.ReadBytes(6).SequenceEqual("SSHSIG"u8));
        Assert.Equal(1u, reader.ReadUInt32());
        var key = SshPublicKey.Parse(reader.ReadString());
        Assert.Equal("adit", reader.ReadText());
        reader.ReadString();
        Assert.Equal("sha512", reader.ReadName());
        return (key, reader.ReadString().ToArray());
    }

    private static byte[] WriteSshSig(SshPublicKey key, byte[] signature)
    {
        var writer = new SshWriter(stackalloc byte[4096]);
        writer.WriteBytes("SSHSIG"u8);
        writer.WriteUInt32(1);
        writer.WriteString(key.Blob.Span);
        writer.WriteString("adit");
        writer.WriteString(string.Empty);
        writer.WriteString("sha512");
        writer.WriteString(signature);
        return writer.ToArray();
    }

    private static byte[] Modulus(int bits)
    {
        byte[] modulus = TestBytes.Of((bits + 7) / 8);
        int top = (bits - 1) % 8;
        modulus[0] = (byte)((modulus[0] & ((1 << top) - 1)) | (1 << top));
        modulus[^1] |= 1;
        return modulus;
    }

    private static SshPublicKey RsaKey(ReadOnlySpan<byte> exponent, ReadOnlySpan<byte> modulus)
    {
        var writer = new SshWriter(stackalloc byte[4096]);
        writer.WriteString("ssh-rsa");
        writer.WriteMpint(exponent);
        writer.WriteMpint(modulus);
        return SshPublicKey.Parse(writer.Written);
    }

    private static SshPublicKey EcdsaKey(string type, string curve, ReadOnlySpan<byte> point)
    {
        var writer = new SshWriter(stackalloc byte[512]);
        writer.WriteString(type);
        writer.WriteString(curve);
        writer.WriteString(point);
        return SshPublicKey.Parse(writer.Written);
    }

    private SshPrivateKey Key(string kind) => SshPrivateKey.Parse(File.ReadAllBytes(keygen.PlainKey(kind)), kind);
}

using System.Text;
using Adit.Ssh.Crypto;
using Adit.Ssh.Keys;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Key files that are cut, changed or lie: an <see cref="SshKeyException"/>, or the same key where the change did not matter.</summary>
[Collection(KeyFolderCollection.Name)]
public sealed class KeyFileFaultTests(KeyFolder folder)
{
    private const string Begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
    private const string End = "-----END OPENSSH PRIVATE KEY-----";

    private static readonly byte[] Passphrase = "secret"u8.ToArray();

    // In their order in the private section.
    private static readonly string[] RsaNames = ["n", "e", "d", "iqmp", "p", "q"];

    public static TheoryData<string, string, string[]> Files => new()
    {
        { "ssh-ed25519", "", [] },
        { "ecdsa-sha2-nistp256", "", [] },
        { "ecdsa-sha2-nistp256", "", ["-m", "PEM"] },
        { "ecdsa-sha2-nistp256", "", ["-m", "PKCS8"] },
        { "ssh-rsa", "", ["-m", "PEM"] },
        { "ssh-rsa", "", ["-m", "PKCS8"] },
        { "ssh-rsa", "", [] },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_flipped_bit_in_a_key_file_never_gives_another_key(string type, string passphrase, string[] options)
    {
        byte[] file = await System.IO.File.ReadAllBytesAsync(await folder.RewrittenAsync(type, passphrase, options));
        SshPublicKey expected = KeyFolder.ReadPublic(await folder.KeyAsync(type) + ".pub");

        // Each RSA key that gets as far as the check of its halves costs a millisecond or two.
        int step = type == "ssh-rsa" ? 5 : 1;
        int refused = 0;
        for (int i = 0; i < file.Length; i += step)
        {
            file[i] ^= (byte)(1 << (i % 8));
            refused += IsRefusedOrTheSame(file, default, expected) ? 1 : 0;
            file[i] ^= (byte)(1 << (i % 8));
        }

        // Line ends, comment and the like may change without harm; most of a file may not.
        Assert.InRange(refused, file.Length / step * 8 / 10, file.Length);
    }

    [Theory]
    [InlineData("aes128-gcm@openssh.com")]
    [InlineData("aes256-gcm@openssh.com")]
    [InlineData("chacha20-poly1305@openssh.com")]
    public async Task A_changed_tag_or_section_of_an_authenticated_file_is_refused(string cipher)
    {
        byte[] body = Body(await System.IO.File.ReadAllBytesAsync(await folder.RewrittenAsync("ssh-ed25519", "secret", "-Z", cipher)));
        SshPrivateKey.Parse(Armour(body), "f", Passphrase).Dispose();
        foreach (int fromEnd in (int[])[1, 8, 16, 17, 30, 100])
        {
            body[^fromEnd] ^= 1;
            KeyBytes.Refused(SshKeyError.WrongPassphrase, () => SshPrivateKey.Parse(Armour(body), "f", Passphrase));
            body[^fromEnd] ^= 1;
        }
    }

    [Fact]
    public void The_private_section_must_be_that_of_the_public_key()
    {
        using SshPrivateKey one = SshPrivateKey.Generate("ssh-ed25519"), other = SshPrivateKey.Generate("ssh-ed25519");
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(File(one.PublicKey.Blob.Span.ToArray(), Section(other)), "f"));
        using SshPrivateKey same = SshPrivateKey.Parse(File(one.PublicKey.Blob.Span.ToArray(), Section(one)), "f");
        Assert.Equal(one.PublicKey, same.PublicKey);
    }

    [Fact]
    public void An_Ed25519_seed_that_does_not_make_its_public_key_is_refused()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        byte[] section = Section(key);
        int seed = section.AsSpan().IndexOf(new byte[] { 0, 0, 0, 64 }) + 4;
        section[seed] ^= 1;
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(File(key.PublicKey.Blob.Span.ToArray(), section), "f"));
    }

    [Fact]
    public void An_ECDSA_number_outside_its_range_is_refused()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ecdsa-sha2-nistp256");
        var reader = new SshReader(key.PublicKey.Blob.Span);
        reader.ReadString();
        reader.ReadString();
        byte[] point = reader.ReadString().ToArray();
        byte[] order = Convert.FromHexString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        foreach (byte[] d in (byte[][])[[], [1], order, [.. Enumerable.Repeat((byte)0xff, 32)], [1, .. new byte[32]]])
        {
            byte[] section = Section((ref SshWriter writer) =>
            {
                writer.WriteString("ecdsa-sha2-nistp256");
                writer.WriteString("nistp256");
                writer.WriteString(point);
                writer.WriteMpint(d);
            });
            KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(File(key.PublicKey.Blob.Span.ToArray(), section), "f"));
        }
    }

    [Theory]
    [InlineData("p", "")]
    [InlineData("p", "01")]
    [InlineData("q", "01")]
    [InlineData("p", "02")]
    [InlineData("p", "03")]
    [InlineData("iqmp", "")]
    [InlineData("iqmp", "01")]
    [InlineData("d", "")]
    [InlineData("d", "03")]
    [InlineData("n", "03")]
    [InlineData("e", "03")]
    [InlineData("e", "")]
    public async Task RSA_numbers_that_do_not_belong_together_are_refused(string changed, string hex)
    {
        byte[] body = Body(await System.IO.File.ReadAllBytesAsync(await folder.KeyAsync("ssh-rsa")));
        (byte[] publicKey, byte[][] numbers) = RsaNumbers(body);
        using (SshPrivateKey unchanged = SshPrivateKey.Parse(File(publicKey, RsaSection(numbers)), "f"))
            Assert.Equal(publicKey, unchanged.PublicKey.Blob.ToArray());
        numbers[Array.IndexOf(RsaNames, changed)] = Convert.FromHexString(hex);
        Assert.Throws<SshKeyException>(() => SshPrivateKey.Parse(File(publicKey, RsaSection(numbers)), "f"));
    }

    [Theory]
    [InlineData("d")]
    [InlineData("p,q,iqmp")]
    [InlineData("d,p,q,iqmp")]
    public async Task RSA_numbers_of_another_key_are_refused(string names)
    {
        string[] foreign = names.Split(',');
        byte[] own = Body(await System.IO.File.ReadAllBytesAsync(await folder.KeyAsync("ssh-rsa")));
        using SshPrivateKey other = SshPrivateKey.Generate("ssh-rsa", 2048);
        (byte[] publicKey, byte[][] numbers) = RsaNumbers(own);
        byte[][] others = RsaNumbers(Body(other.ToOpenSshFormat())).Numbers;
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = foreign.Contains(RsaNames[i]) ? others[i] : numbers[i];
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(File(publicKey, RsaSection(numbers)), "f"));
    }

    [Fact]
    public void Padding_other_than_counting_bytes_is_refused()
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        byte[] section = Section(key);
        Assert.Equal(5, section[^1]);
        foreach (int place in (int[])[1, 2, 5])
        {
            byte[] changed = [.. section];
            changed[^place] ^= 0x10;
            KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(File(key.PublicKey.Blob.Span.ToArray(), changed), "f"));
        }
    }

    [Theory]
    [InlineData("none", "bcrypt", 1u)]
    [InlineData("aes256-ctr", "none", 1u)]
    [InlineData("aes256-ctr", "scrypt", 1u)]
    [InlineData("3des-cbc", "bcrypt", 1u)]
    [InlineData("none", "none", 0u)]
    [InlineData("none", "none", 2u)]
    public void Headers_that_are_not_served_are_refused(string cipher, string kdf, uint keys)
    {
        using SshPrivateKey key = SshPrivateKey.Generate("ssh-ed25519");
        byte[] file = File(key.PublicKey.Blob.Span.ToArray(), Section(key), cipher, kdf, keys);
        KeyBytes.Refused(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "f", Passphrase));
    }

    [Fact]
    public async Task A_file_whose_key_type_is_a_certificate_is_refused()
    {
        SshPublicKey certificate = await folder.CertifyAsync("ssh-ed25519", "ssh-ed25519", "-I", "me", "-n", "user");
        using SshPrivateKey key = await folder.ReadAsync("ssh-ed25519");
        byte[] section = Section((ref SshWriter writer) =>
        {
            writer.WriteString(certificate.KeyType);
            writer.WriteString(certificate.Blob.Span);
        });
        KeyBytes.Refused(SshKeyError.Unsupported, () => SshPrivateKey.Parse(File(key.PublicKey.Blob.Span.ToArray(), section), "f"));
        KeyBytes.Refused(SshKeyError.Malformed, () => SshPrivateKey.Parse(File(certificate.Blob.Span.ToArray(), Section(key)), "f"));
    }

    private static bool IsRefusedOrTheSame(byte[] file, ReadOnlySpan<byte> passphrase, SshPublicKey expected)
    {
        try
        {
            using SshPrivateKey key = SshPrivateKey.Parse(file, "f", passphrase);
            Assert.Equal(expected, key.PublicKey);
            return false;
        }
        catch (SshKeyException)
        {
            return true;
        }
    }

    private static byte[] Body(byte[] file) =>
        Convert.FromBase64String(Encoding.ASCII.GetString(file).Replace(Begin, "", StringComparison.Ordinal).Replace(End, "", StringComparison.Ordinal));

    private static byte[] Armour(byte[] body) => Encoding.ASCII.GetBytes($"{Begin}\n{Convert.ToBase64String(body)}\n{End}\n");

    private static byte[] File(byte[] publicKey, byte[] section, string cipher = "none", string kdf = "none", uint keys = 1) =>
        Armour(KeyBytes.Of((ref SshWriter writer) =>
        {
            writer.WriteBytes("openssh-key-v1\0"u8);
            writer.WriteString(cipher);
            writer.WriteString(kdf);
            writer.WriteString("");
            writer.WriteUInt32(keys);
            writer.WriteString(publicKey);
            writer.WriteString(section);
        }));

    private static byte[] Section(SshPrivateKey key)
    {
        byte[] body = Body(key.ToOpenSshFormat());
        var reader = new SshReader(body.AsSpan("openssh-key-v1".Length + 1));
        for (int i = 0; i < 3; i++)
            reader.ReadString();
        reader.ReadUInt32();
        reader.ReadString();
        return reader.ReadString().ToArray();
    }

    private static (byte[] PublicKey, byte[][] Numbers) RsaNumbers(byte[] body)
    {
        var reader = new SshReader(body.AsSpan("openssh-key-v1".Length + 1));
        for (int i = 0; i < 3; i++)
            reader.ReadString();
        reader.ReadUInt32();
        byte[] publicKey = reader.ReadString().ToArray();
        var fields = new SshReader(reader.ReadString());
        fields.ReadUInt64();
        fields.ReadString();
        byte[][] numbers = new byte[RsaNames.Length][];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = fields.ReadMpint().ToArray();
        return (publicKey, numbers);
    }

    private static byte[] RsaSection(byte[][] numbers) => Section((ref SshWriter writer) =>
    {
        writer.WriteString("ssh-rsa");
        foreach (byte[] number in numbers)
            writer.WriteMpint(number);
    });

    private static byte[] Section(KeyBytes.Fields fields) => KeyBytes.Of((ref SshWriter writer) =>
    {
        writer.WriteUInt32(1);
        writer.WriteUInt32(1);
        fields(ref writer);
        writer.WriteString("");
        for (byte padding = 1; writer.Length % 8 != 0; padding++)
            writer.WriteByte(padding);
    });
}

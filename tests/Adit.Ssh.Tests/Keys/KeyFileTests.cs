using System.Text;
using Adit.Ssh.Keys;

namespace Adit.Ssh.Tests.Keys;

/// <summary>Key files of the real ssh-keygen, in every form that it writes.</summary>
[Collection(SshKeygenTests.Name)]
public sealed class KeyFileTests(SshKeygen keygen)
{
    private static readonly byte[] Passphrase = Encoding.UTF8.GetBytes(SshKeygen.Passphrase);

    public static TheoryData<string> Kinds => ["ed25519", "ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048", "rsa-3072"];

    public static TheoryData<string> Ciphers =>
    [
        "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes192-cbc", "aes256-cbc",
        "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com",
    ];

    public static TheoryData<string, string> PemForms
    {
        get
        {
            var forms = new TheoryData<string, string>();
            foreach (string kind in (string[])["ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048"])
            {
                forms.Add(kind, "PEM");
                forms.Add(kind, "PKCS8");
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_plain_key_of_ssh_keygen_is_read(string kind)
    {
        string path = keygen.PlainKey(kind);
        byte[] file = File.ReadAllBytes(path);
        using SshPrivateKey key = SshPrivateKey.Parse(file, path);

        Assert.Equal(SshKeygen.PublicLine(path + ".pub"), $"{key.PublicKey} {key.Comment}");
        Assert.Equal(path, key.Source);
        Assert.False(SshPrivateKey.IsEncrypted(file));
        Assert.Equal(key.PublicKey, SshPrivateKey.PeekPublicKey(file));
        Signatures.AssertUsable(key);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_of_ssh_keygen_is_described_as_ssh_describes_it(string kind)
    {
        string path = keygen.PlainKey(kind);
        Assert.True(SshPublicKey.TryParseLine(SshKeygen.PublicLine(path + ".pub"), out SshPublicKey? key, out string comment));
        Assert.Equal(keygen.Run("-l", "-E", "sha256", "-f", path + ".pub").TrimEnd('\n'), $"{key.Bits} {key.Fingerprint} {comment} ({key.ShortName})");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_encrypted_key_opens_with_its_passphrase_only(string kind)
    {
        byte[] file = File.ReadAllBytes(keygen.Rewritten(kind, SshKeygen.Passphrase, "-a", "2"));
        using SshPrivateKey key = SshPrivateKey.Parse(file, "k", Passphrase);

        Assert.Equal(SshKeygen.PublicLine(keygen.PlainKey(kind) + ".pub"), $"{key.PublicKey} {key.Comment}");
        Assert.True(SshPrivateKey.IsEncrypted(file));
        Assert.Equal(key.PublicKey, SshPrivateKey.PeekPublicKey(file));
        Signatures.AssertUsable(key);
        AssertKind(SshKeyError.PassphraseNeeded, () => SshPrivateKey.Parse(file, "k"));
        AssertKind(SshKeyError.WrongPassphrase, () => SshPrivateKey.Parse(file, "k", "wrong"u8));
    }

    [Theory]
    [MemberData(nameof(Ciphers))]
    public void Every_cipher_of_key_files_is_read(string cipher)
    {
        byte[] file = File.ReadAllBytes(keygen.Rewritten("ed25519", SshKeygen.Passphrase, "-a", "2", "-Z", cipher));
        using SshPrivateKey key = SshPrivateKey.Parse(file, "k", Passphrase);

        Assert.Equal(SshKeygen.PublicLine(keygen.PlainKey("ed25519") + ".pub"), $"{key.PublicKey} {key.Comment}");
        AssertKind(SshKeyError.PassphraseNeeded, () => SshPrivateKey.Parse(file, "k"));
        AssertKind(SshKeyError.WrongPassphrase, () => SshPrivateKey.Parse(file, "k", "wrong"u8));
    }

    [Fact]
    public void A_key_file_under_3DES_is_refused_with_what_to_do()
    {
        byte[] file = File.ReadAllBytes(keygen.Rewritten("ed25519", SshKeygen.Passphrase, "-a", "2", "-Z", "3des-cbc"));
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "k", Passphrase));
        Assert.Contains("3des-cbc", e.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-keygen -p", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PemForms))]
    public void A_plain_PEM_file_is_read(string kind, string form)
    {
        byte[] file = File.ReadAllBytes(keygen.Rewritten(kind, string.Empty, "-m", form));
        using SshPrivateKey key = SshPrivateKey.Parse(file, "k");

        Assert.Equal(PublicKey(kind), key.PublicKey);
        Assert.False(SshPrivateKey.IsEncrypted(file));
        Assert.Null(SshPrivateKey.PeekPublicKey(file));
        Signatures.AssertUsable(key);
    }

    [Theory]
    [InlineData("ecdsa-256")]
    [InlineData("ecdsa-384")]
    [InlineData("ecdsa-521")]
    [InlineData("rsa-2048")]
    public void An_encrypted_PKCS8_file_opens_with_its_passphrase_only(string kind)
    {
        byte[] file = File.ReadAllBytes(keygen.Rewritten(kind, SshKeygen.Passphrase, "-m", "PKCS8"));
        using SshPrivateKey key = SshPrivateKey.Parse(file, "k", Passphrase);

        Assert.Equal(PublicKey(kind), key.PublicKey);
        Assert.True(SshPrivateKey.IsEncrypted(file));
        Signatures.AssertUsable(key);
        AssertKind(SshKeyError.PassphraseNeeded, () => SshPrivateKey.Parse(file, "k"));
        AssertKind(SshKeyError.WrongPassphrase, () => SshPrivateKey.Parse(file, "k", "wrong"u8));
    }

    [Theory]
    [InlineData("ecdsa-256")]
    [InlineData("rsa-2048")]
    public void The_old_encryption_of_PEM_files_is_refused_with_what_to_do(string kind)
    {
        byte[] file = File.ReadAllBytes(keygen.Rewritten(kind, SshKeygen.Passphrase, "-m", "PEM"));
        Assert.True(SshPrivateKey.IsEncrypted(file));
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse(file, "k", Passphrase));
        Assert.Contains("ssh-keygen -p", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ssh_keygen_reads_the_files_that_are_written(string kind)
    {
        using SshPrivateKey key = SshPrivateKey.Parse(File.ReadAllBytes(keygen.PlainKey(kind)), "k");
        string plain = keygen.NewFile(key.ToOpenSshFormat());
        Assert.Equal(key.PublicKey.ToString(), Fields(keygen.Run("-y", "-P", "", "-f", plain)));
        string encrypted = keygen.NewFile(key.ToOpenSshFormat(Passphrase, "another comment"));
        Assert.Equal($"{key.PublicKey} another comment", keygen.Run("-y", "-P", SshKeygen.Passphrase, "-f", encrypted).TrimEnd('\n'));

        using SshPrivateKey again = SshPrivateKey.Parse(File.ReadAllBytes(encrypted), "k", Passphrase);
        Assert.Equal(key.PublicKey, again.PublicKey);
        Assert.Equal("another comment", again.Comment);
        Signatures.AssertUsable(again);
    }

    [Theory]
    [InlineData("ssh-ed25519", 0, 256)]
    [InlineData("ecdsa-sha2-nistp256", 0, 256)]
    [InlineData("ecdsa-sha2-nistp384", 0, 384)]
    [InlineData("ecdsa-sha2-nistp521", 0, 521)]
    [InlineData("ssh-rsa", 2048, 2048)]
    public void Ssh_keygen_reads_the_keys_that_are_generated(string type, int bits, int expected)
    {
        using SshPrivateKey key = SshPrivateKey.Generate(type, bits, "generated@adit");
        Assert.Equal(expected, key.PublicKey.Bits);
        Signatures.AssertUsable(key);
        string path = keygen.NewFile(key.ToOpenSshFormat());
        Assert.Equal($"{key.PublicKey} generated@adit", keygen.Run("-y", "-P", "", "-f", path).TrimEnd('\n'));
    }

    [Theory]
    [InlineData("ssh-rsa", 1024)]
    [InlineData("ssh-rsa", 2047)]
    [InlineData("ssh-rsa", 2049)]
    [InlineData("ssh-rsa", 16385)]
    [InlineData("ssh-dss", 0)]
    [InlineData("ssh-ed25519-cert-v01@openssh.com", 0)]
    public void Keys_that_are_not_served_are_not_generated(string type, int bits) =>
        AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Generate(type, bits));

    [Fact]
    public void A_file_of_PuTTY_is_refused_with_the_name_of_its_exporter()
    {
        SshKeyException e = AssertKind(SshKeyError.Unsupported, () => SshPrivateKey.Parse("PuTTY-User-Key-File-3: ssh-ed25519\r\n"u8, "k.ppk"));
        Assert.Contains("puttygen", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ssh-ed25519 AAAA")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\n!!!!\n-----END OPENSSH PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n")]
    [InlineData("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")]
    public void What_is_no_key_file_is_malformed(string text)
    {
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(Encoding.ASCII.GetBytes(text), "k"));
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(Encoding.ASCII.GetBytes(text), "k", Passphrase));
    }

    [Fact]
    public void A_file_over_the_limit_is_refused()
    {
        byte[] file = File.ReadAllBytes(keygen.PlainKey("ed25519"));
        Assert.NotNull(SshPrivateKey.Parse([.. file, .. new byte[SshPrivateKey.MaxFileLength - file.Length]], "k"));
        byte[] large = [.. file, .. new byte[SshPrivateKey.MaxFileLength + 1 - file.Length]];
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.Parse(large, "k"));
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.IsEncrypted(large));
        AssertKind(SshKeyError.Malformed, () => SshPrivateKey.PeekPublicKey(large));
    }

    internal static SshKeyException AssertKind(SshKeyError kind, Func<object?> action)
    {
        SshKeyException e = Assert.Throws<SshKeyException>(action);
        Assert.True(kind == e.Kind, $"{e.Kind}: {e.Message}");
        return e;
    }

    private static string Fields(string line) => string.Join(' ', line.TrimEnd('\n').Split(' ')[..2]);

    private SshPublicKey PublicKey(string kind)
    {
        Assert.True(SshPublicKey.TryParseLine(SshKeygen.PublicLine(keygen.PlainKey(kind) + ".pub"), out SshPublicKey? key, out _));
        return key;
    }
}

using Adit.OpenSsh;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>FingerprintHash and VisualHostKey: what ssh-keygen prints of a key, and where a person sees it.</summary>
[Trait("Surface", "S1-10")]
public sealed class KeyFingerprintTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private readonly List<string> _notices = [];
    private readonly List<(string Text, string Fingerprint)> _asked = [];

    [Theory]
    [InlineData(FingerprintHash.Sha256, "sha256")]
    [InlineData(FingerprintHash.Md5, "md5")]
    internal void Fingerprint_and_picture_are_those_of_ssh_keygen(FingerprintHash hash, string name)
    {
        List<SshPublicKey> all = [keys["ed"], keys["ecdsa"], keys["ecdsa384"], keys["rsa"], keys["cert"]];
        for (int i = 0; i < 60; i++)
        {
            using var made = SshPrivateKey.Generate("ssh-ed25519");
            all.Add(made.PublicKey);
        }

        (int exit, string printed) = HostKeys.Keygen("-l", "-v", "-E", name, "-f", keys.Write([.. all.Select(static key => key.ToString())]));

        Assert.Equal(0, exit);
        string ours = string.Concat(all.Select(key =>
            $"{key.Bits} {KeyFingerprint.Text(key, hash)} no comment ({key.ShortName})\n{KeyFingerprint.Picture(key, hash)}\n"));
        Assert.Equal(printed.ReplaceLineEndings("\n"), ours);
    }

    [Theory]
    [InlineData(FingerprintHash.Sha256)]
    [InlineData(FingerprintHash.Md5)]
    internal async Task The_question_about_a_key_shows_the_fingerprint_that_counts_as_yes_and_the_picture(FingerprintHash hash)
    {
        await Check(HostKeyChecking.Ask, hash, picture: true).VerifyAsync(keys["ed"], default);

        (string text, string fingerprint) = Assert.Single(_asked);
        Assert.Equal(KeyFingerprint.Text(keys["ed"], hash), fingerprint);
        Assert.EndsWith($"ED25519 key fingerprint is {fingerprint}.\n{KeyFingerprint.Picture(keys["ed"], hash)}", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HostKeyChecking.Yes, "db {ed}")]
    [InlineData(HostKeyChecking.AcceptNew, "")]
    [InlineData(HostKeyChecking.Off, "")]
    internal async Task VisualHostKey_shows_each_key_that_is_accepted(HostKeyChecking mode, string known)
    {
        await Check(mode, FingerprintHash.Md5, picture: true, known).VerifyAsync(keys["ed"], default);

        string expected = $"{KeyFingerprint.Text(keys["ed"], FingerprintHash.Md5)}\n{KeyFingerprint.Picture(keys["ed"], FingerprintHash.Md5)}";
        Assert.Single(_notices, notice => notice.EndsWith(expected, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_VisualHostKey_no_picture_is_shown()
    {
        await Check(HostKeyChecking.Yes, FingerprintHash.Sha256, picture: false, "db {ed}").VerifyAsync(keys["ed"], default);
        await Check(HostKeyChecking.Ask, FingerprintHash.Sha256, picture: false).VerifyAsync(keys["ed"], default);

        Assert.DoesNotContain(_notices.Concat(_asked.Select(static asked => asked.Text)), static text => text.Contains("+--", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_that_changed_is_told_by_the_hash_that_is_asked_for()
    {
        HostKeyCheck check = Check(HostKeyChecking.Yes, FingerprintHash.Md5, picture: false, "db {other}");

        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask());

        Assert.All((string[])["ed", "other"], name => Assert.Contains(KeyFingerprint.Text(keys[name], FingerprintHash.Md5), refused.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("SHA256", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_KnownHostsCommand_is_given_the_hash_that_is_asked_for() =>
        Assert.Equal(KeyFingerprint.Text(keys["ed"], FingerprintHash.Md5), new KnownHostsQuestion(KnownHostsQuestion.HostName, "db", keys["ed"], FingerprintHash.Md5).Token('f'));

    private HostKeyCheck Check(HostKeyChecking mode, FingerprintHash hash, bool picture, string known = "")
    {
        string path = keys.Write(known);
        return new(KnownHosts.Load([path], _notices.Add), "db", 22, mode)
        {
            Ask = (text, fingerprint, _) =>
            {
                _asked.Add((text, fingerprint));
                return new(true);
            },
            FingerprintHash = hash,
            ShowsPicture = picture,
            Notice = _notices.Add,
        };
    }
}

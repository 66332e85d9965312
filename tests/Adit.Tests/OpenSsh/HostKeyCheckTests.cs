using Adit.OpenSsh;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>What StrictHostKeyChecking makes of a key, by what known_hosts has (ssh_config(5)).</summary>
public sealed class HostKeyCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("adit-check-").FullName;
    private readonly SshPrivateKey _key = SshPrivateKey.Generate("ssh-ed25519");
    private readonly SshPrivateKey _other = SshPrivateKey.Generate("ecdsa-sha2-nistp256");
    private readonly List<string> _notices = [];

    private string File => Path.Combine(_folder, "known_hosts");

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _key.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData(HostKeyChecking.Ask)]
    [InlineData(HostKeyChecking.Yes)]
    [InlineData(HostKeyChecking.AcceptNew)]
    [InlineData(HostKeyChecking.Off)]
    internal async Task A_known_key_is_verified_in_every_mode(HostKeyChecking mode)
    {
        KnownHosts.Add(File, "db", 22, _key.PublicKey, hash: true);
        HostKeyCheck check = Check(mode);
        await check.VerifyAsync(_key.PublicKey, CancellationToken.None);
        Assert.Equal($"host key verified, {File}:1", check.Verification);
        Assert.Empty(_notices);
    }

    [Theory]
    [InlineData(HostKeyChecking.Ask)]
    [InlineData(HostKeyChecking.Yes)]
    [InlineData(HostKeyChecking.AcceptNew)]
    internal async Task Another_key_of_a_known_host_is_refused_with_both_fingerprints_and_the_line(HostKeyChecking mode)
    {
        KnownHosts.Add(File, "db", 22, _other.PublicKey, hash: false);
        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(() => Check(mode, answer: true).VerifyAsync(_key.PublicKey, default).AsTask());
        foreach (string part in (string[])[$"{File}:1", _key.PublicKey.Fingerprint, _other.PublicKey.Fingerprint, "ssh-keygen -R"])
            Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.Single(await System.IO.File.ReadAllLinesAsync(File));
    }

    [Theory]
    [InlineData(HostKeyChecking.Ask)]
    [InlineData(HostKeyChecking.AcceptNew)]
    internal async Task A_host_that_is_known_only_by_a_key_which_is_not_served_is_no_new_host(HostKeyChecking mode)
    {
        await System.IO.File.WriteAllTextAsync(File, "db ssh-dss AAAAB3NzaC1kc3MAAAAA\n");
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(mode, answer: true).VerifyAsync(_key.PublicKey, default).AsTask());
    }

    [Theory]
    [InlineData(HostKeyChecking.Ask)]
    [InlineData(HostKeyChecking.AcceptNew)]
    internal async Task A_host_whose_known_key_is_in_a_file_that_is_too_large_is_no_new_host(HostKeyChecking mode)
    {
        KnownHosts.Add(File, "db", 22, _other.PublicKey, hash: false);
        using (FileStream file = System.IO.File.OpenWrite(File))
            file.SetLength(KnownHosts.MaxFileLength + 1);
        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(() => Check(mode, answer: true).VerifyAsync(_key.PublicKey, default).AsTask());
        Assert.Contains("over the limit", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accept_new_remembers_an_unknown_host_and_yes_refuses_it()
    {
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(HostKeyChecking.Yes, answer: true).VerifyAsync(_key.PublicKey, default).AsTask());
        Assert.False(System.IO.File.Exists(File));
        await Check(HostKeyChecking.AcceptNew).VerifyAsync(_key.PublicKey, default);
        Assert.Equal($"db {_key.PublicKey}", Assert.Single(await System.IO.File.ReadAllLinesAsync(File)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [InlineData(null)]
    public async Task An_unknown_host_is_accepted_only_by_a_yes(bool? answer)
    {
        HostKeyCheck check = Check(HostKeyChecking.Ask, answer);
        if (answer == true)
        {
            await check.VerifyAsync(_key.PublicKey, default);
            Assert.True(System.IO.File.Exists(File));
            return;
        }

        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(_key.PublicKey, default).AsTask());
        Assert.Contains(_key.PublicKey.Fingerprint, refused.Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public async Task A_changed_key_is_refused_even_without_checking()
    {
        KnownHosts.Add(File, "db", 22, _other.PublicKey, hash: false);
        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(
            () => Check(HostKeyChecking.Off).VerifyAsync(_key.PublicKey, default).AsTask());
        Assert.Contains("CHANGED", refused.Message, StringComparison.Ordinal);
        Assert.Single(await System.IO.File.ReadAllLinesAsync(File));
    }

    [Theory]
    [InlineData(HostKeyChecking.Ask)]
    [InlineData(HostKeyChecking.AcceptNew)]
    internal async Task A_key_is_not_new_while_a_file_that_may_hold_it_cannot_be_read(HostKeyChecking mode)
    {
        Directory.CreateDirectory(File);
        SshHostKeyException refused = await Assert.ThrowsAsync<SshHostKeyException>(() => Check(mode, answer: true).VerifyAsync(_key.PublicKey, default).AsTask());
        Assert.Contains("cannot be read", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_on_the_file_keeps_nobody_from_reading_it()
    {
        KnownHosts.Add(File, "db", 22, _key.PublicKey, hash: false);
        using var locked = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.None);
        Assert.Equal(HostKeyStatus.Known, KnownHosts.Load([File], _notices.Add).Check("db", 22, _key.PublicKey, DateTimeOffset.UtcNow).Status);
        Assert.Empty(_notices);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_even_without_checking()
    {
        await System.IO.File.WriteAllTextAsync(File, $"@revoked * {_key.PublicKey}\n");
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(HostKeyChecking.Off).VerifyAsync(_key.PublicKey, default).AsTask());
    }

    [Fact]
    public async Task RequiredRSASize_refuses_a_shorter_key_although_it_is_known()
    {
        using SshPrivateKey rsa = SshPrivateKey.Generate("ssh-rsa", 2048);
        KnownHosts.Add(File, "db", 22, rsa.PublicKey, hash: false);
        await Check(HostKeyChecking.Yes).VerifyAsync(rsa.PublicKey, default);
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(HostKeyChecking.Yes, requiredRsaSize: 3072).VerifyAsync(rsa.PublicKey, default).AsTask());
    }

    private HostKeyCheck Check(HostKeyChecking mode, bool? answer = null, int requiredRsaSize = 0) =>
        new(KnownHosts.Load([File], _notices.Add), "db", 22, mode)
        {
            Ask = answer is { } yes ? (_, _, _) => ValueTask.FromResult(yes) : null,
            AddTo = File,
            Notice = notice =>
            {
                if (!notice.StartsWith("added", StringComparison.Ordinal))
                    _notices.Add(notice);
            },
            RequiredRsaSize = requiredRsaSize,
        };
}

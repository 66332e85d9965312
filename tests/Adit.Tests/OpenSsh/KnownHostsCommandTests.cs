using System.Net;
using Adit.OpenSsh;
using Adit.Ssh.Kex;
using Adit.Tests.Shared;

namespace Adit.Tests.OpenSsh;

/// <summary>A program that knows hosts: ssh_config(5), KnownHostsCommand.</summary>
public sealed class KnownHostsCommandTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private readonly List<string> _questions = [];

    [Theory]
    [InlineData("echo 'db {ed}'", true)]
    [InlineData("printf '%s' 'db {ed}'", true)]
    [InlineData("echo 'web {ed}'", false)]
    [InlineData("true", false)]
    [InlineData("echo nonsense", false)]
    public async Task What_it_prints_is_known(string script, bool known)
    {
        string path = keys.Write();
        HostKeyCheck check = Check(path, Shell(script));
        if (!known)
        {
            await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask());
            return;
        }

        await check.VerifyAsync(keys["ed"], default);
        Assert.Equal("host key verified, KnownHostsCommand-HOSTNAME:1", check.Verification);
        Assert.False(check.AllowsUpdate);
        Assert.Empty(File.ReadAllText(path));
    }

    [Fact]
    public async Task It_can_revoke_and_contradict_but_the_files_come_first()
    {
        string path = keys.Write("db {ed}");
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(path, Shell("echo '@revoked db {ed}'")).VerifyAsync(keys["ed"], default).AsTask());
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(keys.Write(), Shell("echo 'db {other}'")).VerifyAsync(keys["ed"], default).AsTask());
        HostKeyCheck check = Check(path, Shell("echo 'db {ed}'"));
        await check.VerifyAsync(keys["ed"], default);
        Assert.Equal((true, $"host key verified, {path}:1"), (check.AllowsUpdate, check.Verification));
    }

    [Fact]
    public async Task It_is_asked_for_the_order_the_name_and_the_address()
    {
        HostKeyCheck check = Check(keys.Write("db,192.0.2.7 {ed}"), Shell("echo 'db {rsa}'"), new(IPAddress.Parse("192.0.2.7"), 22));
        Assert.Equal(["rsa-sha2-512", "ssh-ed25519", "ecdsa-sha2-nistp256"], (await check.PreferAsync(["ecdsa-sha2-nistp256", "rsa-sha2-512", "ssh-ed25519"], default)));
        await check.VerifyAsync(keys["ed"], default);
        string key = $"ssh-ed25519 {keys["ed"].Fingerprint} {Convert.ToBase64String(keys["ed"].Blob.Span)}";
        Assert.Equal(["ORDER db NONE NONE NONE", $"HOSTNAME db {key}", $"ADDRESS 192.0.2.7 {key}"], _questions);
    }

    [Theory]
    [InlineData("echo 'db {ed}'; exit 3", "its exit status is 3")]
    [InlineData("kill -9 $$", "its exit status is ")]
    [InlineData("cat /dev/zero", "wrote more than 16777216 bytes")]
    public async Task When_it_fails_no_key_is_accepted(string script, string reason)
    {
        HostKeyCheck check = Check(keys.Write("db {ed}"), Shell(script));
        SshHostKeyException e = await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask().TestTime());
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
        Assert.Contains("KnownHostsCommand", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nowhere/known-hosts", "cannot be run")]
    [InlineData("known-hosts", "by its whole path")]
    public async Task A_program_that_is_not_there_is_an_error_that_says_so(string program, string reason)
    {
        HostKeyCheck check = Check(keys.Write("db {ed}"), new(_ => [program]));
        SshHostKeyException e = await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask());
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_does_not_end_is_ended_with_what_it_started()
    {
        ManualTimeProvider clock = new();
        string pids = Path.Combine(keys.Folder, Path.GetRandomFileName());
        KnownHostsCommand command = new(_ => ["/bin/sh", "-c", $"sleep 1000 & echo $! $$ > {pids}.new; mv {pids}.new {pids}; wait"]) { Time = clock };
        Task verifying = Check(keys.Write("db {ed}"), command).VerifyAsync(keys["ed"], default).AsTask();
        await Until.Holds(() => File.Exists(pids));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Contains("did not end within 30 s", (await Assert.ThrowsAsync<SshHostKeyException>(() => verifying.TestTime())).Message, StringComparison.Ordinal);
        foreach (string pid in File.ReadAllText(pids).Split())
            await Until.Holds(() => pid.Length == 0 || !IsRunning(pid));
    }

    [Fact]
    public async Task Cancelling_ends_it()
    {
        using CancellationTokenSource cancel = new();
        string started = Path.Combine(keys.Folder, Path.GetRandomFileName());
        Task verifying = Check(keys.Write("db {ed}"), new(_ => ["/bin/sh", "-c", $": > {started}; exec sleep 1000"])).VerifyAsync(keys["ed"], cancel.Token).AsTask();
        await Until.Holds(() => File.Exists(started));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => verifying.TestTime());
    }

    private KnownHostsCommand Shell(string script) => new(question =>
    {
        _questions.Add(string.Join(' ', "IHtfK".Select(question.Token)));
        return ["/bin/sh", "-c", keys.Fill(script)];
    });

    private static HostKeyCheck Check(string path, KnownHostsCommand command, IPEndPoint? peer = null) =>
        new(KnownHosts.Load([path], static _ => { }), "db", 22, HostKeyChecking.Yes)
        {
            AddTo = path,
            UserFiles = [path],
            Command = command,
            Peer = peer,
            CheckAddress = peer is not null,
        };

    private static bool IsRunning(string pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}

using System.Globalization;
using System.Net;
using Adit.Interop.Tests.Engine;
using Adit.Interop.Tests.Peers;
using Adit.OpenSsh;
using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Messages.Connection;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.HostKeys;

/// <summary>The host keys that sshd announces: known_hosts is the same afterwards as when ssh had been there (UpdateHostKeys).</summary>
public sealed class HostKeyUpdateTests(ITestOutputHelper output) : EngineTest(output)
{
    [Theory]
    [InlineData("{h} {ed}\n", true)]
    [InlineData("{h} {ed}", true)]
    [InlineData("{h} {rsa}\n", true)]
    [InlineData("# mine\n\n  {h}   {ed}   a comment \nweb {stale}\nno line\n", true)]
    [InlineData("{h},10.0.0.1 {ed}\n", true)]
    [InlineData("{h} {stale}\n{h} {ed}\n", true)]
    [InlineData("{h} {ed}\n{h} {stale}\n{h} {ecdsa}\nweb,mail {weak}\n{h} {rsa}\n", true)]
    [InlineData("{h} {ed}\n{h} {ecdsa}\n{h} {rsa}\n", false)]
    [InlineData("{h} {ed}\nother {rsa}\n", false)]
    [InlineData("{h} {ed}\n{h} {stale}\nother {stale}\n", false)]
    [InlineData("{h},x,y {ed}\n", false)]
    [InlineData("[127.0.0.?]:* {ed}\n", false)]
    [InlineData("@revoked {h} {stale}\n{h} {ed}\n", false)]
    [InlineData("@cert-authority {h} {stale}\n{h} {ed}\n", false)]
    [InlineData("@revoked other {stale}\n{h} {ed}\n", true)]
    public async Task Known_hosts_is_changed_as_ssh_changes_it(string before, bool changes)
    {
        SshdPeer sshd = await StartSshdAsync();
        using SshClientFiles theirs = await SshClientFiles.CreateAsync(sshd.Port);
        using SshClientFiles ours = await SshClientFiles.CreateAsync(sshd.Port);
        string text = await FillAsync(before, sshd);
        await File.WriteAllTextAsync(theirs.KnownHostsPath, text);
        await File.WriteAllTextAsync(ours.KnownHostsPath, text);

        await UpdateBySshAsync(theirs);
        HostKeyUpdateResult result = (await UpdateAsync(sshd, [ours.KnownHostsPath]))!;

        string expected = await File.ReadAllTextAsync(theirs.KnownHostsPath);
        Assert.Equal(changes, expected != text);
        Assert.Equal(expected, await File.ReadAllTextAsync(ours.KnownHostsPath));
        Assert.Equal(changes, result.Reason is null);
        if (result.Removed.Count > 0)
            Assert.Contains((await StaleAsync()).PublicLine, await File.ReadAllTextAsync(ours.KnownHostsPath + ".old"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hashed_names_are_added_and_ssh_finds_them()
    {
        SshdPeer sshd = await StartSshdAsync();
        using SshClientFiles files = await SshClientFiles.CreateAsync(sshd.Port);
        files.Know(sshd.HostKeys[0]);
        HostKeyUpdateResult result = (await UpdateAsync(sshd, [files.KnownHostsPath], hash: true))!;
        Assert.Equal(sshd.HostKeys.Skip(1).Select(static key => key.Fingerprint).Order(), result.Added.Select(static key => key.Fingerprint).Order());
        string found = await ChildProcess.RunAsync(new("ssh-keygen", "-l", "-F", $"[127.0.0.1]:{sshd.Port}", "-f", files.KnownHostsPath));
        Assert.All(sshd.HostKeys, key => Assert.Contains(key.Fingerprint, found, StringComparison.Ordinal));
        Assert.Equal(2, (await File.ReadAllLinesAsync(files.KnownHostsPath)).Count(static line => line.StartsWith("|1|", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Keys_are_added_to_the_first_file_and_removed_from_all()
    {
        SshdPeer sshd = await StartSshdAsync(new() { HostKeys = ["ed25519", "ecdsa-256"] });
        using SshClientFiles files = await SshClientFiles.CreateAsync(sshd.Port);
        string second = files.KnownHostsPath + "2";
        await File.WriteAllTextAsync(second, await FillAsync("{h} {ed}\n{h} {stale}\n", sshd));
        File.SetUnixFileMode(second, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Null((await UpdateAsync(sshd, [files.KnownHostsPath, second]))!.Reason);
        Assert.Equal(await FillAsync("{h} {ecdsa}\n", sshd), await File.ReadAllTextAsync(files.KnownHostsPath));
        Assert.Equal(await FillAsync("{h} {ed}\n", sshd), await File.ReadAllTextAsync(second));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(second));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_user_is_asked_with_what_would_change(bool answer)
    {
        SshdPeer sshd = await StartSshdAsync(new() { HostKeys = ["ed25519", "ecdsa-256"] });
        using SshClientFiles files = await SshClientFiles.CreateAsync(sshd.Port);
        await File.WriteAllTextAsync(files.KnownHostsPath, await FillAsync("{h} {ed}\n{h} {stale}\n", sshd));
        string asked = "";
        HostKeyUpdateResult result = (await UpdateAsync(sshd, [files.KnownHostsPath], confirm: (text, _) =>
        {
            asked = text;
            return new(answer);
        }))!;
        Assert.Contains($"new:     ECDSA {sshd.HostKeys[1].Fingerprint}", asked, StringComparison.Ordinal);
        Assert.Contains($"removed: ED25519 {(await StaleAsync()).Fingerprint}", asked, StringComparison.Ordinal);
        Assert.Equal(answer, result.Reason is null);
        Assert.Equal(await FillAsync(answer ? "{h} {ed}\n{h} {ecdsa}\n" : "{h} {ed}\n{h} {stale}\n", sshd), await File.ReadAllTextAsync(files.KnownHostsPath));
    }

    [Theory]
    [InlineData("127.0.0.1 {ed}\n", HostKeyChecking.Yes)]
    [InlineData("", HostKeyChecking.AcceptNew)]
    [InlineData("", HostKeyChecking.Off)]
    internal async Task A_host_that_is_not_trusted_by_its_own_line_or_the_user_may_not_change_its_keys(string before, HostKeyChecking mode)
    {
        SshdPeer sshd = await StartSshdAsync();
        using SshClientFiles theirs = await SshClientFiles.CreateAsync(sshd.Port, $"StrictHostKeyChecking {(mode is HostKeyChecking.AcceptNew ? "accept-new" : mode is HostKeyChecking.Off ? "no" : "yes")}");
        using SshClientFiles ours = await SshClientFiles.CreateAsync(sshd.Port);
        foreach (SshClientFiles files in (SshClientFiles[])[theirs, ours])
            await File.WriteAllTextAsync(files.KnownHostsPath, await FillAsync(before, sshd));
        await UpdateBySshAsync(theirs, waits: false);
        Assert.Null(await UpdateAsync(sshd, [ours.KnownHostsPath], mode: mode));
        int lines = before.Length == 0 ? 1 : before.Split('\n').Length - 1;
        Assert.Equal(lines, (await File.ReadAllLinesAsync(theirs.KnownHostsPath)).Length);
        Assert.Equal(lines, (await File.ReadAllLinesAsync(ours.KnownHostsPath)).Length);
    }

    [Fact]
    public async Task A_host_that_is_known_from_a_global_file_only_may_not_change_its_keys()
    {
        SshdPeer sshd = await StartSshdAsync();
        using SshClientFiles files = await SshClientFiles.CreateAsync(sshd.Port);
        files.Know(sshd.HostKeys[0]);
        Assert.Null(await UpdateAsync(sshd, [files.KnownHostsPath + "2"], globalFiles: [files.KnownHostsPath]));
    }

    [Fact]
    public async Task A_key_that_is_revoked_or_of_no_accepted_algorithm_is_not_added()
    {
        SshdPeer sshd = await StartSshdAsync();
        using SshClientFiles files = await SshClientFiles.CreateAsync(sshd.Port);
        files.Know(sshd.HostKeys[0]);
        string revoked = files.KnownHostsPath + ".revoked";
        await File.WriteAllTextAsync(revoked, sshd.HostKeys[1].PublicLine + "\n");
        HostKeyUpdateResult result = (await UpdateAsync(sshd, [files.KnownHostsPath], revoked: [revoked], algorithms: ["ssh-ed25519", "ecdsa-sha2-nistp256"]))!;
        Assert.Equal("the server announced no other host keys than are known", result.Reason);
        Assert.Single(await File.ReadAllLinesAsync(files.KnownHostsPath));
    }

    // The change is done when ssh says so, or that there is none; it then ends as its command does.
    private async Task UpdateBySshAsync(SshClientFiles files, bool waits = true)
    {
        ChildProcess ssh = await StartSshAsync("-v", "-F", files.ConfigPath, "-o", "UpdateHostKeys=yes", "-o", "HashKnownHosts=no", SshClientFiles.Alias, "cat");
        await ssh.ErrorAsync(waits
            ? "Learned new hostkey|Deprecating obsolete hostkey|skipping UserKnownHostsFile update|no new or deprecated keys"
            : "Sending command: cat");
        ssh.Input.Close();
        Assert.Equal(0, await ssh.ExitAsync());
    }

    private async Task<HostKeyUpdateResult?> UpdateAsync(
        SshdPeer sshd,
        string[] files,
        string[]? globalFiles = null,
        bool hash = false,
        HostKeyChecking mode = HostKeyChecking.Yes,
        Func<string, CancellationToken, ValueTask<bool>>? confirm = null,
        string[]? revoked = null,
        string[]? algorithms = null)
    {
        Announcement announcement = new();
        HostKeyCheck check = new(KnownHosts.Load([.. files, .. globalFiles ?? []], static _ => { }), "127.0.0.1", sshd.Port, mode)
        {
            AddTo = files[0],
            UserFiles = files,
            Hash = hash,
            Peer = new IPEndPoint(IPAddress.Loopback, sshd.Port),
            RevokedKeyFiles = revoked ?? [],
        };
        IReadOnlyList<string> preferred = await check.PreferAsync(AlgorithmPreferences.Default.HostKeys, CancellationToken.None);
        SshConnection connection = await ConnectAsync(sshd, options => options with
        {
            Handler = announcement,
            VerifyHostKey = check.VerifyAsync,
            Algorithms = options.Algorithms with { HostKeys = preferred },
        });
        byte[] fields = await announcement.Fields.WithinAsync("sshd should announce its host keys");
        return check.Update(algorithms ?? preferred, confirm) is { } update
            ? await update.RunAsync(connection, fields, CancellationToken.None)
            : null;
    }

    private static Task<KeyPair> StaleAsync() => KeyPair.GetAsync("ed25519", "stale");

    private static async Task<string> FillAsync(string text, SshdPeer sshd)
    {
        string Key(string type) => sshd.HostKeys.FirstOrDefault(key => key.PublicLine.StartsWith(type, StringComparison.Ordinal))?.PublicLine ?? "";
        return text
            .Replace("{h}", string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{sshd.Port}"), StringComparison.Ordinal)
            .Replace("{ed}", Key("ssh-ed25519"), StringComparison.Ordinal)
            .Replace("{rsa}", Key("ssh-rsa"), StringComparison.Ordinal)
            .Replace("{ecdsa}", Key("ecdsa"), StringComparison.Ordinal)
            .Replace("{stale}", (await StaleAsync()).PublicLine, StringComparison.Ordinal)
            .Replace("{weak}", (await KeyPair.GetAsync("rsa-1024", "weak")).PublicLine, StringComparison.Ordinal);
    }

    private sealed class Announcement : IConnectionHandler
    {
        private readonly TaskCompletionSource<byte[]> _fields = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<byte[]> Fields => _fields.Task;

        public void OnChannelOpen(IncomingChannel channel) => channel.Refuse(Ssh.ChannelOpenFailureReason.UnknownChannelType, "none");

        public void OnGlobalRequest(IncomingRequest request)
        {
            if (request.Name == HostKeyAnnouncement.RequestName)
                _fields.TrySetResult(request.Fields.ToArray());
            request.Fail();
        }
    }
}

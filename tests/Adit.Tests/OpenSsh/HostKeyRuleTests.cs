using System.Net;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Tests.OpenSsh;

/// <summary>Host keys and addresses: CheckHostIP and NoHostAuthenticationForLocalhost; and what forbids a key: RevokedHostKeys.</summary>
public sealed class HostKeyRuleTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private static readonly IPEndPoint Peer = new(IPAddress.Parse("192.0.2.7"), 22);

    private readonly List<string> _notices = [];
    private readonly List<string> _asked = [];

    [Theory]
    [InlineData("db {ed}", "db {ed}|192.0.2.7 {ed}")]
    [InlineData("db,192.0.2.7 {ed}", "db,192.0.2.7 {ed}")]
    [InlineData("web {other}", "web {other}|db,192.0.2.7 {ed}")]
    [InlineData("192.0.2.7 {ed}", "192.0.2.7 {ed}|db {ed}")]
    public async Task CheckHostIP_remembers_the_address_too(string before, string after)
    {
        string path = keys.Write(before.Split('|'));
        await Check(path, HostKeyChecking.AcceptNew, check: true).VerifyAsync(keys["ed"], default);
        Assert.Equal(keys.Fill(after).Split('|'), File.ReadAllLines(path));
    }

    [Fact]
    public async Task CheckHostIP_with_HashKnownHosts_hides_name_and_address_from_each_other()
    {
        string path = keys.Write();
        await Check(path, HostKeyChecking.AcceptNew, check: true, hash: true).VerifyAsync(keys["ed"], default);
        Assert.Equal(2, File.ReadAllLines(path).Count(static line => line.StartsWith("|1|", StringComparison.Ordinal)));
        foreach (string name in (string[])["db", "192.0.2.7"])
            Assert.Equal(0, HostKeys.Keygen("-F", name, "-f", path).Exit);
    }

    [Fact]
    public async Task An_address_at_another_port_has_it_in_its_name()
    {
        string path = keys.Write("db {ed}");
        await Check(path, HostKeyChecking.Yes, check: true, peer: new(Peer.Address.MapToIPv6(), 2222)).VerifyAsync(keys["ed"], default);
        Assert.Equal(keys.Fill("[192.0.2.7]:2222 {ed}"), File.ReadAllLines(path)[1]);
    }

    [Theory]
    [InlineData(false, "192.0.2.7")]
    [InlineData(true, "127.0.0.1")]
    [InlineData(true, "::1")]
    [InlineData(true, null)]
    public async Task Without_CheckHostIP_and_for_this_machine_and_behind_a_jump_no_address_is_written(bool check, string? address)
    {
        string path = keys.Write();
        IPEndPoint? peer = address is null ? null : new(IPAddress.Parse(address), 22);
        await Check(path, HostKeyChecking.AcceptNew, check, peer: peer, hasPeer: peer is not null).VerifyAsync(keys["ed"], default);
        Assert.Equal([keys.Fill("db {ed}")], File.ReadAllLines(path));
    }

    [Theory]
    [InlineData(HostKeyChecking.Yes, null, false)]
    [InlineData(HostKeyChecking.AcceptNew, null, false)]
    [InlineData(HostKeyChecking.Ask, null, false)]
    [InlineData(HostKeyChecking.Ask, false, false)]
    [InlineData(HostKeyChecking.Ask, true, true)]
    [InlineData(HostKeyChecking.Off, null, true)]
    internal async Task An_address_that_is_known_by_another_key_stands_in_the_way(HostKeyChecking mode, bool? answer, bool accepted)
    {
        string path = keys.Write("db {ed}", "192.0.2.7 {other}");
        HostKeyCheck check = Check(path, mode, check: true, answer: answer);
        if (accepted)
        {
            await check.VerifyAsync(keys["ed"], default);
            Assert.Contains($"{path}:2", Assert.Single(answer is null ? _notices : _asked), StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains($"{path}:2", (await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask())).Message, StringComparison.Ordinal);
        }

        Assert.Equal(2, File.ReadAllLines(path).Length);
    }

    [Fact]
    public async Task A_new_host_at_the_address_of_another_one_is_not_written_when_refused()
    {
        string path = keys.Write("192.0.2.7 {other}");
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(path, HostKeyChecking.AcceptNew, check: true).VerifyAsync(keys["ed"], default).AsTask());
        Assert.Single(File.ReadAllLines(path));
    }

    [Fact]
    public async Task A_key_that_is_revoked_for_the_address_is_refused_in_every_mode()
    {
        string path = keys.Write("db {ed}", "@revoked 192.0.2.7 {ed}");
        await Assert.ThrowsAsync<SshHostKeyException>(() => Check(path, HostKeyChecking.Off, check: true).VerifyAsync(keys["ed"], default).AsTask());
    }

    [Theory]
    [InlineData("127.0.0.1", true, false, true)]
    [InlineData("::1", true, false, true)]
    [InlineData("127.0.0.1", true, true, false)]
    [InlineData("127.0.0.1", false, false, false)]
    [InlineData("192.0.2.7", true, false, false)]
    public async Task NoHostAuthenticationForLocalhost_accepts_any_key_of_this_machine(string address, bool trusts, bool alias, bool accepted)
    {
        string path = keys.Write("db {other}");
        HostKeyCheck check = Check(path, HostKeyChecking.Yes, peer: new(IPAddress.Parse(address), 22), trusts: trusts, alias: alias);
        if (!accepted)
        {
            await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask());
            return;
        }

        await check.VerifyAsync(keys["ed"], default);
        Assert.Equal(("host key NOT VERIFIED (NoHostAuthenticationForLocalhost)", false), (check.Verification, check.AllowsUpdate));
        Assert.Single(File.ReadAllLines(path));
    }

    [Theory]
    [InlineData("{ed}", true)]
    [InlineData("# none\n{other} a comment", false)]
    [InlineData("", false)]
    [InlineData("no key", true)]
    [InlineData(null, true)]
    public async Task RevokedHostKeys_refuses_what_it_names_and_everything_when_it_is_not_in_order(string? text, bool refused)
    {
        string revoked = Path.Combine(keys.Folder, Path.GetRandomFileName());
        if (text is not null)
            File.WriteAllText(revoked, keys.Fill(text) + "\n");
        await RevokedAsync(refused, revoked);
    }

    [Theory]
    [InlineData("ed", true)]
    [InlineData("other", false)]
    public async Task RevokedHostKeys_takes_a_revocation_list(string name, bool refused)
    {
        string revoked = Path.Combine(keys.Folder, Path.GetRandomFileName());
        Assert.Equal(0, HostKeys.Keygen("-k", "-f", revoked, Path.Combine(keys.Folder, name + ".pub")).Exit);
        await RevokedAsync(refused, revoked);
    }

    [Fact]
    public async Task One_of_several_files_of_revoked_keys_is_enough()
    {
        await RevokedAsync(true, keys.Write("{other}"), keys.Write("{ed}"));
        await RevokedAsync(true, keys.Write("{other}"), keys.Folder);
    }

    private async Task RevokedAsync(bool refused, params string[] files)
    {
        // Neither a mode nor this machine's own address excuses a revoked key.
        foreach (HostKeyChecking mode in (HostKeyChecking[])[HostKeyChecking.Yes, HostKeyChecking.Off])
        {
            HostKeyCheck check = Check(keys.Write("db {ed}"), mode, peer: new(IPAddress.Loopback, 22), trusts: true, revoked: files);
            if (!refused)
            {
                await check.VerifyAsync(keys["ed"], default);
                continue;
            }

            SshHostKeyException e = await Assert.ThrowsAsync<SshHostKeyException>(() => check.VerifyAsync(keys["ed"], default).AsTask());
            Assert.Contains(files[^1], e.Message, StringComparison.Ordinal);
        }
    }

    private HostKeyCheck Check(
        string path,
        HostKeyChecking mode,
        bool check = false,
        bool hash = false,
        IPEndPoint? peer = null,
        bool hasPeer = true,
        bool? answer = null,
        bool trusts = false,
        bool alias = false,
        IReadOnlyList<string>? revoked = null) =>
        new(KnownHosts.Load([path], _notices.Add), "db", 22, mode)
        {
            Ask = answer is not { } yes ? null : (text, _, _) =>
            {
                _asked.Add(text);
                return new(yes);
            },
            AddTo = path,
            UserFiles = [path],
            Hash = hash,
            Peer = hasPeer ? peer ?? Peer : null,
            CheckAddress = check,
            TrustsLoopback = trusts,
            IsAlias = alias,
            RevokedKeyFiles = revoked ?? [],
            Notice = _notices.Add,
        };
}

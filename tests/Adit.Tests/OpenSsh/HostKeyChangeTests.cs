using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>Which lines an announcement of ed, ecdsa and rsa changes. With an address, as CheckHostIP has it; without, sshd and ssh decide in the interop tests.</summary>
public sealed class HostKeyChangeTests(HostKeys keys) : IClassFixture<HostKeys>
{
    [Theory]
    [InlineData("db {ed}", "ecdsa rsa", "ed", "", null)]
    [InlineData("db,192.0.2.7 {ed}", "ecdsa rsa", "", "", null)]
    [InlineData("db {ed}|192.0.2.7 {ed}", "ecdsa rsa", "", "", null)]
    [InlineData("db {ed}|192.0.2.7 {ecdsa}", "rsa", "ed ecdsa", "", null)]
    [InlineData("db {ed}|192.0.2.7 {other}", "ecdsa rsa", "ed", "other", null)]
    [InlineData("db,192.0.2.8 {ed}", "ecdsa rsa", "ed", "", "beside that of the host")]
    [InlineData("web,192.0.2.7 {ed}", "ecdsa rsa", "ed", "", "beside that of the host")]
    [InlineData("db,192.0.2.7 {ed}|192.0.2.8 {ed}", "ecdsa rsa", "", "", "under another name")]
    [InlineData("db,192.0.2.7,x {ed}", "ed ecdsa rsa", "", "", "many names")]
    [InlineData("db,!x {ed}", "ed ecdsa rsa", "", "", "pattern")]
    [InlineData("db {ed}|db {ecdsa}|db {rsa}", "", "ed ecdsa rsa", "", "no other host keys")]
    public void With_an_address_both_names_count(string lines, string added, string incomplete, string old, string? obstacle)
    {
        HostKeyChange change = HostKeyChange.Plan("db", "192.0.2.7", [keys.Write(lines.Split('|'))], [.. Announced("ed", "ecdsa", "rsa")]);
        Assert.Equal(Named(added), change.New);
        Assert.Equal(Named(incomplete), change.Incomplete);
        Assert.Equal(Named(old), change.Old);
        if (obstacle is null)
            Assert.Null(change.Obstacle);
        else
            Assert.Contains(obstacle, change.Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_with_hashed_names_are_found_and_removed()
    {
        string path = keys.Write("# first");
        foreach (string key in (string[])["ed", "other"])
            KnownHosts.Add(path, "db", 22, keys[key], hash: true);
        KnownHosts.Add(path, "web", 22, keys["ecdsa384"], hash: true);
        HostKeyChange change = HostKeyChange.Plan("db", null, [path], [.. Announced("ed")]);
        Assert.Equal((null, keys["other"]), (change.Obstacle, Assert.Single(change.Old)));
        string[] before = File.ReadAllLines(path);
        Assert.Equal(1, KnownHostsFile.Remove(path, change.IsOld));
        Assert.Equal([before[0], before[1], before[3]], File.ReadAllLines(path));
    }

    [Fact]
    public void An_announcement_without_a_usable_key_changes_nothing() =>
        Assert.Contains("no host key", HostKeyChange.Plan("db", null, [keys.Write("db {ed}")], [(new byte[] { 1 }, null)]).Obstacle, StringComparison.Ordinal);

    private IEnumerable<(ReadOnlyMemory<byte> Blob, SshPublicKey? Key)> Announced(params string[] names) =>
        names.Select(name => (keys[name].Blob, (SshPublicKey?)keys[name]));

    private SshPublicKey[] Named(string names) => [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => keys[name])];
}

using System.Runtime.Versioning;
using Adit.OpenSsh;
using Adit.Ssh.Keys;

namespace Adit.Tests.OpenSsh;

/// <summary>What is written to known_hosts files, read again by us and by the real ssh-keygen.</summary>
[Trait("Surface", "S1-10")]
[UnsupportedOSPlatform("windows")]
public sealed class KnownHostsAddTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly List<string> _warnings = [];

    [Theory]
    [InlineData("db", 22, "db", false)]
    [InlineData("DB.Example", 22, "db.example", false)]
    [InlineData("db", 2222, "[db]:2222", false)]
    [InlineData("::1", 22, "::1", false)]
    [InlineData("fe80::1%eth0", 2222, "[fe80::1%eth0]:2222", false)]
    [InlineData("db", 22, "db", true)]
    [InlineData("DB", 2222, "[db]:2222", true)]
    public void What_was_added_is_known_to_us_and_to_ssh_keygen(string host, int port, string name, bool hash)
    {
        string path = keys.Write("web {ed}");
        foreach (string key in (string[])["ed", "ecdsa", "rsa"])
            KnownHosts.Add(path, host, port, keys[key], hash);

        string[] lines = File.ReadAllLines(path);
        Assert.Equal(4, lines.Length);
        Assert.Equal(!hash, lines[1] == keys.Fill($"{name} {{ed}}"));
        Assert.Equal((HostKeyStatus.Known, $"{path}:4"), Known(path, host, port, "rsa"));
        (int exit, string found) = HostKeys.Keygen("-F", name, "-f", path, "-l");
        Assert.Equal(0, exit);
        foreach (string key in (string[])["ed", "ecdsa", "rsa"])
            Assert.Contains(keys[key].Fingerprint, found, StringComparison.Ordinal);
    }

    [Fact]
    public void What_ssh_keygen_hashed_is_known()
    {
        string path = keys.Write("db,192.0.2.7 {ed}", "[db]:2222 {rsa}", "@revoked * {other}");
        Assert.Equal(0, HostKeys.Keygen("-H", "-f", path).Exit);

        string text = File.ReadAllText(path);
        Assert.DoesNotContain("db", text.Split('\n').Select(static line => line.Split(' ')[0]));
        Assert.Equal(3, text.Split('\n').Count(static line => line.StartsWith("|1|", StringComparison.Ordinal)));
        Assert.Equal((HostKeyStatus.Known, $"{path}:1"), Known(path, "DB", 22, "ed"));
        Assert.Equal((HostKeyStatus.Known, $"{path}:2"), Known(path, "192.0.2.7", 22, "ed"));
        Assert.Equal((HostKeyStatus.Known, $"{path}:3"), Known(path, "db", 2222, "rsa"));
        Assert.Equal((HostKeyStatus.Revoked, $"{path}:4"), Known(path, "db", 22, "other"));
        Assert.Equal((HostKeyStatus.Unknown, null), Known(path, "192.0.2.8", 22, "ed"));
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("d?")]
    [InlineData("!db")]
    [InlineData("db,*")]
    [InlineData("#db")]
    [InlineData("@revoked")]
    [InlineData("|1|")]
    [InlineData("db web")]
    [InlineData("db\n* ssh-ed25519 AAAA")]
    public void A_name_that_could_be_read_as_more_than_itself_is_hashed(string name)
    {
        string path = keys.Write();
        KnownHosts.Add(path, name, 22, keys["ed"], hash: false);
        Assert.StartsWith("|1|", Assert.Single(File.ReadAllLines(path)), StringComparison.Ordinal);
        Assert.Equal((HostKeyStatus.Known, $"{path}:1"), Known(path, name, 22, "ed"));
        Assert.Equal((HostKeyStatus.Unknown, null), Known(path, "db", 22, "ed"));
    }

    [Fact]
    public void Each_hashed_name_has_a_salt_of_its_own()
    {
        string path = keys.Write();
        KnownHosts.Add(path, "db", 22, keys["ed"], hash: true);
        KnownHosts.Add(path, "db", 22, keys["rsa"], hash: true);
        string[] lines = File.ReadAllLines(path);
        Assert.NotEqual(lines[0].Split(' ')[0], lines[1].Split(' ')[0]);
    }

    [Fact]
    public void A_key_that_is_there_already_is_not_added_again()
    {
        string path = keys.Write();
        Parallel.For(0, 20, _ => KnownHosts.Add(path, "db", 22, keys["ed"], hash: false));
        Assert.Single(File.ReadAllLines(path));
    }

    [Theory]
    [InlineData("", "db {ed}\n")]
    [InlineData("web {ed}", "web {ed}\ndb {ed}\n")]
    [InlineData("web {ed}\n", "web {ed}\ndb {ed}\n")]
    [InlineData("# x\n\n", "# x\n\ndb {ed}\n")]
    public void A_line_begins_on_a_line_of_its_own(string before, string after)
    {
        string path = Path.Combine(keys.Folder, Path.GetRandomFileName());
        File.WriteAllText(path, keys.Fill(before));
        KnownHosts.Add(path, "db", 22, keys["ed"], hash: false);
        Assert.Equal(keys.Fill(after), File.ReadAllText(path));
    }

    [Fact]
    public void Of_a_certificate_the_plain_key_is_added()
    {
        string path = keys.Write();
        KnownHosts.Add(path, "db", 22, keys["cert"], hash: false);
        Assert.Equal(keys.Fill("db {ed}\n"), File.ReadAllText(path));
    }

    [Fact]
    public void Of_keys_added_at_the_same_time_none_is_lost()
    {
        string path = keys.Write();
        Parallel.For(0, 40, i => KnownHosts.Add(path, $"host{i}", 22, keys["ed"], hash: false));

        Assert.Equal(Enumerable.Range(0, 40).Select(i => keys.Fill($"host{i} {{ed}}")).Order(), File.ReadAllLines(path).Order());
    }

    [Fact]
    public void A_new_file_and_its_folder_are_the_owners_alone()
    {
        string folder = Path.Combine(keys.Folder, Path.GetRandomFileName(), ".ssh");
        string path = Path.Combine(folder, "known_hosts");
        KnownHosts.Add(path, "db", 22, keys["ed"], hash: false);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Fact]
    public void The_mode_of_a_file_that_exists_stays()
    {
        string path = keys.Write("web {ed}");
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupRead);
        KnownHosts.Add(path, "db", 22, keys["ed"], hash: false);
        Assert.Equal(OwnerOnly | UnixFileMode.GroupRead, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_link_to_the_file_is_followed()
    {
        string path = keys.Write("web {ed}");
        string link = path + ".link";
        File.CreateSymbolicLink(link, path);
        KnownHosts.Add(link, "db", 22, keys["ed"], hash: false);
        Assert.Equal(keys.Fill("web {ed}\ndb {ed}\n"), File.ReadAllText(path));
    }

    [Fact]
    public void The_null_device_takes_a_line_and_knows_nobody()
    {
        KnownHosts.Add("/dev/null", "db", 22, keys["ed"], hash: false);
        Assert.Equal((HostKeyStatus.Unknown, null), Known("/dev/null", "db", 22, "ed"));
        Assert.Empty(_warnings);
    }

    private (HostKeyStatus Status, string? Place) Known(string path, string host, int port, string key)
    {
        HostKeyVerdict verdict = KnownHosts.Load([path], _warnings.Add).Check(host, port, keys[key], HostKeys.Now);
        return (verdict.Status, verdict.Place);
    }
}

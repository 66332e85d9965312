using System.Runtime.Versioning;
using System.Text;
using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

/// <summary>Lines that go from a known_hosts file, and all the rest of it that stays.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class KnownHostsRemoveTests(HostKeys keys) : IClassFixture<HostKeys>
{
    private const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    [Theory]
    [InlineData("db {ed}\n", "")]
    [InlineData("web {ed}\ndb {ed}", "web {ed}\n")]
    [InlineData("db {ed}\nweb {ed}", "web {ed}")]
    [InlineData("\n\n# db {ed}\r\nnonsense\u0001\n\tdb \t{ed} comment\r\n@revoked db {ed}\nweb {ed} \n\n", "\n\n# db {ed}\r\nnonsense\u0001\n@revoked db {ed}\nweb {ed} \n\n")]
    [InlineData("\ufeffdb {ed}\nweb {ed}\n", "web {ed}\n")]
    [InlineData("\ufeffweb {ed}\ndb {ed}\n", "\ufeffweb {ed}\n")]
    public void All_else_stays_byte_for_byte(string before, string after)
    {
        string path = Write(before);
        byte[] original = File.ReadAllBytes(path);
        Assert.Equal(1, KnownHostsFile.Remove(path, IsDb));
        Assert.Equal(keys.Fill(after), Encoding.UTF8.GetString(File.ReadAllBytes(path)));
        Assert.Equal(original, File.ReadAllBytes(path + ".old"));
    }

    [Fact]
    public void A_line_in_another_encoding_stays_as_it_is()
    {
        byte[] other = [(byte)'#', 0xff, 0xfe, 0xe4, (byte)'\n'];
        string path = Write("");
        File.WriteAllBytes(path, [.. other, .. Encoding.UTF8.GetBytes(keys.Fill("db {ed}\n")), .. other]);
        Assert.Equal(1, KnownHostsFile.Remove(path, IsDb));
        Assert.Equal([.. other, .. other], File.ReadAllBytes(path));
    }

    [Fact]
    public void Without_a_line_to_remove_nothing_is_written()
    {
        string path = Write("web {ed}\n");
        DateTime written = File.GetLastWriteTimeUtc(path);
        Assert.Equal(0, KnownHostsFile.Remove(path, IsDb));
        Assert.Equal((written, false), (File.GetLastWriteTimeUtc(path), File.Exists(path + ".old")));
    }

    [Fact]
    public void The_rights_stay_and_a_link_stays_a_link()
    {
        string path = Write("db {ed}\nweb {ed}\n");
        File.SetUnixFileMode(path, OwnerAndGroup);
        string link = path + ".link";
        File.CreateSymbolicLink(link, path);
        Assert.Equal(1, KnownHostsFile.Remove(link, IsDb));
        Assert.Equal(keys.Fill("web {ed}\n"), File.ReadAllText(path));
        Assert.Equal((OwnerAndGroup, OwnerAndGroup), (File.GetUnixFileMode(path), File.GetUnixFileMode(path + ".old")));
        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.Equal(3, Directory.GetFiles(keys.Folder, Path.GetFileName(path) + "*").Length);
    }

    [Fact]
    public void Of_lines_added_and_removed_at_the_same_time_none_is_lost_and_none_comes_back()
    {
        string path = Write(string.Concat(Enumerable.Range(0, 20).Select(static i => $"old{i} {{ed}}\n")));
        Parallel.For(0, 40, i =>
        {
            if (i % 2 == 0)
                KnownHosts.Add(path, $"new{i}", 22, keys["ed"], hash: false);
            else
                KnownHostsFile.Remove(path, line => line.Matches($"old{i / 2}"));
        });
        Assert.Equal(Enumerable.Range(0, 20).Select(i => keys.Fill($"new{i * 2} {{ed}}")).Order(), File.ReadAllLines(path).Order());
    }

    private static bool IsDb(KnownHostsLine line) => line.Marker is KnownHostsMarker.None && line.Matches("db");

    private string Write(string text)
    {
        string path = Path.Combine(keys.Folder, Path.GetRandomFileName());
        File.WriteAllText(path, keys.Fill(text));
        return path;
    }
}

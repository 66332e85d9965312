using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Cli.Doctor;
using Adit.OpenSsh;

namespace Adit.Cli.Tests.Doctor;

[SupportedOSPlatform("linux")]
public sealed class UserFileTests : CheckTest
{
    private const string PrivateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg==\n-----END OPENSSH PRIVATE KEY-----\n";

    [Theory]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\n", 0b110_100_100, "every user of this machine")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\r\n", 0b110_100_000, "every member of its group")]
    [InlineData("PuTTY-User-Key-File-3: ssh-ed25519\n", 0b110_000_100, "every user of this machine")]
    public async Task A_private_key_that_others_may_read_is_found(string text, int mode, string users)
    {
        string path = Write("id", text, mode);
        File.SetUnixFileMode(Machine.SshFolder, (UnixFileMode)0b111_101_101);

        Finding found = Assert.Single(await FindAsync(new OpenKeys()));

        Assert.Equal(path, found.Path);
        Assert.Equal(users, found.Users);
        Assert.Equal($"chmod 600 {path}", found.Command);
    }

    [Fact]
    public async Task A_folder_that_keeps_others_out_is_told_of()
    {
        Write("id", PrivateKey, 0b110_100_100);
        File.SetUnixFileMode(Machine.SshFolder, (UnixFileMode)0b111_000_000);

        Assert.StartsWith("nobody while ", Assert.Single(await FindAsync(new OpenKeys())).Users, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Closed_keys_and_files_that_are_no_private_keys_are_no_finding()
    {
        Write("id", PrivateKey, 0b110_000_000);
        Write("id.pub", "ssh-ed25519 AAAA joe\n", 0b110_100_100);
        Write("known_hosts", "db ssh-ed25519 AAAA\n", 0b110_100_100);

        Assert.Empty(await FindAsync(new OpenKeys()));
    }

    [Theory]
    [InlineData("StrictHostKeyChecking no\n", 1, "for every host")]
    [InlineData("Host db *.example.com\n  StrictHostKeyChecking off\n", 2, "for Host db *.example.com")]
    [InlineData("Host db\n StrictHostKeyChecking yes\nHost db web\n StrictHostKeyChecking no\n", 4, "for Host web")]
    [InlineData("Match user joe\n GatewayPorts yes\n", 2, "where Match user joe applies")]
    [InlineData("Host * !db\n GatewayPorts=yes\n", 2, "for Host *")]
    [InlineData("Match final\n GatewayPorts no\nHost *\n GatewayPorts yes\n", 4, "for Host *")]
    [InlineData("Match all\n GatewayPorts yes\n", 2, "for every host")]
    public async Task A_weak_setting_is_found_with_its_place_and_its_hosts(string config, int line, string where)
    {
        string path = Write("config", config, 0b110_000_000);

        Finding found = Assert.Single(await FindAsync(new WeakSettings()));

        Assert.StartsWith($"{path}:{line}: ", found.What, StringComparison.Ordinal);
        Assert.Contains($"in effect {where}:", found.What, StringComparison.Ordinal);
        Assert.Equal($"sed -i '{line}s/^/#/' {path}", found.Command);
    }

    [Theory]
    [InlineData("StrictHostKeyChecking ask\nStrictHostKeyChecking no\n")]
    [InlineData("Host *\n GatewayPorts no\nHost db\n GatewayPorts yes\n")]
    [InlineData("Host !db\n GatewayPorts yes\n")]
    [InlineData("# GatewayPorts yes\nGatewayPorts clientspecified\nStrictHostKeyChecking accept-new\n")]
    public async Task A_setting_that_no_host_gets_is_no_finding(string config)
    {
        Write("config", config, 0b110_000_000);

        Assert.Empty(await FindAsync(new WeakSettings()));
    }

    [Fact]
    public async Task The_systems_file_and_included_files_count_in_their_order()
    {
        Directory.CreateDirectory(Machine.SystemFolder);
        File.WriteAllText(Path.Join(Machine.SystemFolder, "ssh_config"), "Host *\n StrictHostKeyChecking no\n GatewayPorts yes\n");
        string inner = Write("inner", "StrictHostKeyChecking off\n", 0b110_000_000);
        Write("config", "Host db\n Include inner\nHost *\n GatewayPorts no\n", 0b110_000_000);

        string[] found = [.. (await FindAsync(new WeakSettings())).Select(static finding => finding.What)];

        Assert.Equal(2, found.Length);
        Assert.StartsWith($"{inner}:1: StrictHostKeyChecking off, in effect for Host db:", found[0], StringComparison.Ordinal);
        Assert.Contains("/ssh_config:2: StrictHostKeyChecking no, in effect for Host *:", found[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_that_cannot_be_read_is_told_of()
    {
        Write("config", "Host db\n", 0b110_110_110);
        Inspection inspection = Inspect();

        Assert.Empty(await new WeakSettings().FindAsync(inspection, CancellationToken.None));
        Assert.True(inspection.IsIncomplete);
        Assert.Contains("others may write this file", Assert.Single(inspection.Unseen), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("~/.ssh/cm-%r@%h:%p", "/home/joe/.ssh", "cm-*@*:*")]
    [InlineData("%d/run/%C", "/home/joe/run", "*")]
    [InlineData("/run/user/%i/ssh.%u.100%%", "/run/user/1000", "ssh.joe.100%")]
    [InlineData("/run/%h/control", null, null)]
    [InlineData("none", null, null)]
    public void The_sockets_of_a_control_path_are_looked_for_where_its_tokens_may_lead(string written, string? folder, string? names)
    {
        LocalUser joe = new() { Name = "joe", Id = "1000", Home = "/home/joe", HostName = "here" };

        (string Folder, string Names)? place = StaleSockets.Place(new("ControlPath", [written], new("config", 1)), joe);

        Assert.Equal((folder, names), (place?.Folder, place?.Names));
    }

    [Fact]
    public async Task A_dead_control_socket_is_found_and_removed_and_a_live_one_stays()
    {
        string dead = Path.Join(Machine.SshFolder, "dead");
        string live = Path.Join(Machine.SshFolder, "live");
        MakeDead(dead);
        using Socket listening = Bind(live);
        listening.Listen(1);

        Finding found = Assert.Single(await FindAsync(new StaleSockets()), IsOfThisMachine);

        Assert.Equal(dead, found.Path);
        Assert.Equal("removed", await found.Ending!.EndAsync(CancellationToken.None));
        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(live));
    }

    [Fact]
    public async Task A_socket_that_came_in_the_place_of_a_dead_one_is_not_removed()
    {
        string path = Path.Join(Machine.SshFolder, "control");
        MakeDead(path);
        Finding found = Assert.Single(await FindAsync(new StaleSockets()), IsOfThisMachine);
        File.Move(path, path + ".old");
        using Socket listening = Bind(path);
        listening.Listen(1);

        await found.Ending!.EndAsync(CancellationToken.None);

        Assert.True(File.Exists(path));
    }

    private bool IsOfThisMachine(Finding finding) => finding.Path!.StartsWith(Machine.Home, StringComparison.Ordinal);

    private static Socket Bind(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    // .NET removes the file with its socket, unless it has another name by then.
    private static void MakeDead(string path)
    {
        using (Bind(path + ".bound"))
            File.Move(path + ".bound", path);
    }

    private string Write(string name, string text, int mode)
    {
        string path = Path.Join(Machine.SshFolder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, (UnixFileMode)mode);
        return path;
    }
}

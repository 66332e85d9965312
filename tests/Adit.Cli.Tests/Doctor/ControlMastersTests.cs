using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Cli.Doctor;

namespace Adit.Cli.Tests.Doctor;

[SupportedOSPlatform("linux")]
public sealed class ControlMastersTests : CheckTest
{
    [Fact]
    public async Task A_master_in_the_background_is_found_by_the_name_that_its_socket_was_bound_to()
    {
        string control = Path.Join(Machine.SshFolder, "cm");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(control));
        Machine.Add(500, parent: 1, session: 500, "ssh", $"ssh: {control} [mux]", sockets: [77]);
        Machine.ListenUnix(control + ".abcdefgh01234567", 77);

        Finding found = Assert.Single(await FindAsync(new ControlMasters()));

        Assert.Equal(control, found.Path);
        Assert.Equal($"ssh -O exit -S {control} any", found.Command);
        Assert.Empty(await FindAsync(new DetachedTunnels()));
    }

    [Fact]
    public async Task A_master_whose_socket_is_gone_is_found_and_can_only_be_killed()
    {
        Machine.Add(500, parent: 1, session: 500, "ssh", "ssh -fNM db", sockets: [77]);
        Machine.ListenUnix(Path.Join(Machine.SshFolder, "cm") + ".abcdefgh01234567", 77);

        Assert.Equal("kill 500", Assert.Single(await FindAsync(new ControlMasters())).Command);
    }

    [Fact]
    public async Task A_master_on_its_terminal_is_no_finding()
    {
        Machine.Add(400, parent: 1, session: 400, "bash", "bash", hasTerminal: true);
        Machine.Add(500, parent: 400, session: 400, "ssh", "ssh -M db", hasTerminal: true, sockets: [77]);
        Machine.ListenUnix(Path.Join(Machine.SshFolder, "cm") + ".abcdefgh01234567", 77);

        Assert.Empty(await FindAsync(new ControlMasters()));
    }

    [Fact]
    public async Task The_socket_by_which_adit_lists_a_tunnel_makes_no_master_of_it()
    {
        Machine.Add(500, parent: 1, session: 400, "adit", "adit -NL 1:a:1 db", sockets: [77]);
        Machine.ListenUnix("/run/user/1000/adit/500.sock.abcdefgh01234567", 77);

        Assert.Empty(await FindAsync(new ControlMasters()));
    }
}

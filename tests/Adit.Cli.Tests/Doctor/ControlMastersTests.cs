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
}

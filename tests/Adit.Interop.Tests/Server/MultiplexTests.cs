using System.Globalization;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Forwards that are added to a running connection and taken from it, through ssh's ControlMaster.</summary>
public sealed class MultiplexTests(ITestOutputHelper output) : ServerTest(output)
{
    [Fact]
    [Trait("Surface", "S1-22")]
    public async Task A_local_forward_comes_and_goes()
    {
        var (server, master) = await StartMasterAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        await ControlAsync(server, "forward", "-L", Spec(port, echo.Port));
        await LoopbackPort.UntilListeningAsync(port, master);
        await Bulk.EchoAsync(port);

        await ControlAsync(server, "cancel", "-L", Spec(port, echo.Port));
        await LoopbackPort.UntilClosedAsync(port, () => master.Log);
        Assert.Contains("Master running", await ControlAsync(server, "check"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S1-22")]
    public async Task A_remote_forward_comes_and_goes_and_comes_again()
    {
        var (server, master) = await StartMasterAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        for (var round = 0; round < 3; round++)
        {
            await ControlAsync(server, "forward", "-R", Spec(port, echo.Port));
            Assert.True(LoopbackPort.IsListening(port), master.Log);
            await Bulk.EchoAsync(port);

            await ControlAsync(server, "cancel", "-R", Spec(port, echo.Port));
            await LoopbackPort.UntilClosedAsync(port, () => server.Log);
        }
    }

    [Fact]
    [Trait("Surface", "S2-13")]
    public async Task The_port_that_was_allocated_is_printed_and_freed_again()
    {
        var (server, _) = await StartMasterAsync();
        await using var first = TcpService.Echo();
        await using var second = TcpService.Echo();

        var one = int.Parse(await ControlAsync(server, "forward", "-R", Spec(0, first.Port)), CultureInfo.InvariantCulture);
        var two = int.Parse(await ControlAsync(server, "forward", "-R", Spec(0, second.Port)), CultureInfo.InvariantCulture);

        Assert.NotEqual(one, two);
        await Bulk.EchoAsync(one);
        await Bulk.EchoAsync(two);
        await ControlAsync(server, "cancel", "-R", Spec(0, first.Port));
        await LoopbackPort.UntilClosedAsync(one, () => server.Log);
        await Bulk.EchoAsync(two);
    }

    [Fact]
    public async Task A_remote_forward_of_a_socket_comes_and_goes()
    {
        var (server, _) = await StartMasterAsync();
        await using var echo = TcpService.Echo();
        var path = Path.Combine(server.Folder, "forwarded");

        await ControlAsync(server, "forward", "-R", $"{path}:127.0.0.1:{echo.Port}");
        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));

        await ControlAsync(server, "cancel", "-R", $"{path}:127.0.0.1:{echo.Port}");
        await UntilGoneAsync(path, server);
    }

    [Fact]
    public async Task A_connection_outlives_the_forward_that_it_came_by()
    {
        var (server, _) = await StartMasterAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        await ControlAsync(server, "forward", "-R", Spec(port, echo.Port));
        using var socket = await DialAsync(port);
        await echo.FirstConnection.WithinAsync("the target should be reached", () => server.Log);

        await ControlAsync(server, "cancel", "-R", Spec(port, echo.Port));
        await LoopbackPort.UntilClosedAsync(port, () => server.Log);

        await socket.SendAsync("still"u8.ToArray());
        Assert.Equal(5, await socket.ReceiveAsync(new byte[8]).WithinAsync("the words should come back", () => server.Log));
    }

    [Fact]
    [Trait("Surface", "S2-21")]
    public async Task A_remote_forward_that_is_refused_leaves_the_master_and_its_forwards_alone()
    {
        var (server, _) = await StartMasterAsync("PermitListen localhost:1");
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        await ControlAsync(server, "forward", "-L", Spec(port, echo.Port));

        await using var refused = await OpenSshClient.StartAsync(Arguments(server, "forward", "-R", Spec(LoopbackPort.Free(), echo.Port)));

        Assert.Equal(ConnectionFailed, await refused.ExitAsync());
        Assert.Contains("remote port forwarding failed for listen port", refused.Error.Text, StringComparison.Ordinal);
        await Bulk.EchoAsync(port);
    }

    [Fact]
    public async Task Exit_ends_the_master_and_all_its_forwards()
    {
        var (server, master) = await StartMasterAsync();
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();
        await ControlAsync(server, "forward", "-L", Spec(local, echo.Port));
        await ControlAsync(server, "forward", "-R", Spec(remote, echo.Port));

        Assert.Contains("Exit request sent", await ControlAsync(server, "exit"), StringComparison.Ordinal);

        await master.ExitAsync();
        await LoopbackPort.UntilClosedAsync(local, () => server.Log);
        await LoopbackPort.UntilClosedAsync(remote, () => server.Log);
    }

    private static string ControlPath(ServerPeer server) => Path.Combine(server.Folder, "control");

    private static string[] Arguments(ServerPeer server, string command, params IReadOnlyList<string> arguments) =>
        ["-F", server.Client.ConfigPath, "-S", ControlPath(server), "-O", command, .. arguments, SshClientFiles.Alias];

    // Both of its streams, since -O check answers on standard error.
    private static async Task<string> ControlAsync(ServerPeer server, string command, params IReadOnlyList<string> arguments)
    {
        await using var ssh = await OpenSshClient.StartAsync(Arguments(server, command, arguments));
        // ssh returns 0 for a cancellation that failed, too.
        Assert.True(await ssh.ExitAsync() == 0 && !ssh.Error.Contains("failed"), $"{ssh.Log}\n{server.Log}");
        return ssh.Output.Text + ssh.Error.Text;
    }

    private async Task<(ServerPeer Server, ChildProcess Master)> StartMasterAsync(params IReadOnlyList<string> config)
    {
        var server = await StartServerAsync(config);
        var master = await StartSshAsync(server, "-M", "-S", ControlPath(server), "-N");
        await UntilListeningAsync(ControlPath(server), master);
        return (server, master);
    }
}

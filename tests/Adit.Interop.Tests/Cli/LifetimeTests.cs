using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

public sealed class LifetimeTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Fact]
    [Trait("Surface", "S0-1")]
    public async Task The_tunnel_is_inside_the_process_and_has_no_child()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);

        Assert.Empty(ProcessTree.Descendants(tunnel.Adit.Pid));
    }

    [Fact]
    [Trait("Surface", "S0-2")]
    [Trait("Surface", "S0-4")]
    public async Task A_killed_tunnel_leaves_neither_a_port_nor_a_session()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tunnel.Port);
        await echo.FirstConnection.WithinAsync("the tunnel should reach its target", () => tunnel.Adit.Log);

        tunnel.Adit.Kill();

        await LoopbackPort.UntilClosedAsync(tunnel.Port);
        await sshd.UntilNoConnectionAsync();
        await AssertEndedAsync(client);
    }

    [Fact]
    [Trait("Surface", "S0-4")]
    public async Task The_script_that_orphans_ssh_leaves_nothing_of_adit_when_its_owner_is_killed_too()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        // The command line of the article; adit is the owner here, since the tunnel lives in the application's process.
        var adit = await StartAditAsync("-F", files.ConfigPath, SshClientFiles.Alias, "-vNL", $"{port}:localhost:{echo.Port}",
            "-o", "ExitOnForwardFailure=yes", "-o", "ConnectTimeout=30", "-o", "TCPKeepAlive=no", "-o", "ServerAliveInterval=60");
        await LoopbackPort.UntilListeningAsync(port, adit);
        await Bulk.EchoAsync(port);

        adit.Kill();

        await LoopbackPort.UntilClosedAsync(port);
        await sshd.UntilNoConnectionAsync();
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGHUP)]
    [Trait("Surface", "S3-6")]
    [Trait("Surface", "S0-3")]
    public async Task A_signal_ends_the_tunnel_with_a_word_to_the_server(PosixSignal signal)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);
        await Bulk.EchoAsync(tunnel.Port);

        tunnel.Adit.Signal(signal);

        await tunnel.Adit.ExitAsync();
        Assert.False(LoopbackPort.IsListening(tunnel.Port));
        await sshd.LoggedAsync("Received disconnect from 127.0.0.1 port \\d+:11:");
        await sshd.UntilNoConnectionAsync();
    }

    [AditFact]
    public async Task A_server_killed_in_the_middle_ends_the_tunnel_with_255_and_the_time_it_lived()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port, AditProcess.WithoutReconnect);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tunnel.Port);
        await echo.FirstConnection.WithinAsync("the tunnel should reach its target", () => tunnel.Adit.Log);

        sshd.KillConnections();

        Assert.Equal(ConnectionFailed, await tunnel.Adit.ExitAsync());
        Assert.Matches("(?i)(after|lived|lasted|open for|up for)[^\n]*\\d", tunnel.Adit.Error.Text);
        Assert.False(LoopbackPort.IsListening(tunnel.Port));
        await AssertEndedAsync(client);
    }

    [Fact]
    [Trait("Surface", "S1-14")]
    public async Task A_server_that_falls_silent_is_noticed_by_keepalive()
    {
        var sshd = await StartSshdAsync();
        await using var relay = new StallingRelay(sshd.Port);
        using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys, "ServerAliveInterval 1", "ServerAliveCountMax 2");
        var tunnel = await OpenTunnelAsync(files, 9, AditProcess.WithoutReconnect);

        relay.Stall();

        Assert.Equal(ConnectionFailed, await tunnel.Adit.ExitAsync());
        Assert.Matches("(?i)not responding|no answer|keepalive|keep-alive|alive", tunnel.Adit.Error.Text);
    }

    [Fact]
    [Trait("Surface", "S1-14")]
    public async Task Keepalive_does_not_end_an_idle_tunnel_whose_server_answers()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, "ServerAliveInterval 1", "ServerAliveCountMax 1");
        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await sshd.LoggedAsync("(keepalive@openssh.com(.|\n)*){3}");

        await Bulk.EchoAsync(tunnel.Port);
    }

    [AditFact]
    [Trait("Surface", "S1-14")]
    public async Task Keepalive_holds_an_idle_tunnel_through_a_network_that_forgets_silent_connections()
    {
        var sshd = await StartSshdAsync();
        await using var relay = new StallingRelay(sshd.Port, forgetsAfter: TimeSpan.FromSeconds(3));
        await using var echo = TcpService.Echo();
        using var silent = await SshClientFiles.CreateAsync(relay, sshd.HostKeys, "ServerAliveInterval 0", "AditReconnect no");
        using var kept = await SshClientFiles.CreateAsync(relay, sshd.HostKeys, "ServerAliveInterval 1", "AditReconnect no");
        var forgotten = await OpenTunnelAsync(silent, echo.Port);
        var tunnel = await OpenTunnelAsync(kept, echo.Port);

        await sshd.LoggedAsync("(keepalive@openssh.com(.|\n)*){7}");

        Assert.Equal(ConnectionFailed, await forgotten.Adit.ExitAsync());
        await Bulk.EchoAsync(tunnel.Port);
        Assert.False(tunnel.Adit.HasExited);
    }

    private static async Task AssertEndedAsync(TcpClient client)
    {
        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WithinAsync("the client's connection should end"));
        }
        catch (IOException)
        {
            // A reset is an end too.
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>AditReconnect: a tunnel that lost its connection gets another one.</summary>
[Trait("Surface", "S1-14")]
public sealed class ReconnectTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const string Again = "connected to peer again";

    [AditFact]
    public async Task A_connection_that_is_made_while_the_server_is_down_waits_and_is_served_by_the_next_one()
    {
        var sshd = await StartSshdAsync();
        await using var sink = TcpService.Checksum();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, sink.Port);
        await Bulk.SendAsync(tunnel.Port, 1000);

        await sshd.KillAsync();
        await tunnel.Adit.ErrorAsync("connection to peer lost: .*connecting again");
        Assert.Equal(tunnel.Adit.Pid, LoopbackPort.Listener(tunnel.Port).Pid);
        var waiting = Bulk.SendAsync(tunnel.Port, 1_000_000);
        var another = Bulk.SendAsync(tunnel.Port, 10);
        await StartSshdAsync(new() { Port = sshd.Port });

        await Task.WhenAll(waiting, another).WithinAsync("the connections should be served", () => tunnel.Adit.Log);
        await tunnel.Adit.ErrorAsync($"{Again} after [0-9.]+ s");
    }

    [AditFact]
    public async Task A_connection_that_is_cut_is_made_again_and_what_went_through_it_ends()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);
        using var client = await ServerTest.DialAsync(tunnel.Port);
        await ServerTest.ExchangeAsync(client);

        sshd.KillConnections();

        await ServerTest.AssertEndsAsync(client, () => tunnel.Adit.Log);
        await tunnel.Adit.ErrorAsync(Again);
        await Bulk.EchoAsync(tunnel.Port);
        await Patience.UntilAsync(() => sshd.Connections == 1, "the server should have the new connection alone", () => sshd.Log);
    }

    [AditFact]
    public async Task AditReconnectWait_bounds_how_long_a_connection_waits()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, 9, "-o", "AditReconnectWait=1");
        await sshd.KillAsync();
        await tunnel.Adit.ErrorAsync("connecting again");

        using var client = await ServerTest.DialAsync(tunnel.Port);
        await ServerTest.AssertEndsAsync(client, () => tunnel.Adit.Log);

        await tunnel.Adit.ErrorAsync("refused: .*the connection to peer is down");
        Assert.False(tunnel.Adit.HasExited);
    }

    [AditFact]
    public async Task A_link_that_falls_silent_in_either_direction_is_noticed_by_default_and_replaced()
    {
        Action<StallingRelay>[] ways = [static relay => relay.Stall(), static relay => relay.StallToServer(), static relay => relay.StallToClient()];
        await Task.WhenAll(ways.Select(StallAsync));

        async Task StallAsync(Action<StallingRelay> stall)
        {
            var sshd = await StartSshdAsync();
            await using var relay = new StallingRelay(sshd.Port);
            await using var echo = TcpService.Echo();
            using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys);
            var tunnel = await OpenTunnelAsync(files, echo.Port);
            await Bulk.EchoAsync(tunnel.Port);

            stall(relay);
            var since = Stopwatch.GetTimestamp();

            await tunnel.Adit.ErrorAsync(Again);
            Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(25));
            await Bulk.EchoAsync(tunnel.Port);
        }
    }

    [AditFact]
    [Trait("Surface", "S1-15")]
    public async Task Remote_forwards_are_asked_for_again_and_a_port_that_was_allocated_stays_the_same()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-R", $"{port}:127.0.0.1:{echo.Port}", "-R", $"0:localhost:{echo.Port}", SshClientFiles.Alias);
        var told = await adit.ErrorAsync("Allocated port (\\d+) for");
        var allocated = int.Parse(told.Groups[1].ValueSpan, CultureInfo.InvariantCulture);

        sshd.KillConnections();

        await adit.ErrorAsync(Again);
        await LoopbackPort.UntilListeningAsync(port, adit);
        await LoopbackPort.UntilListeningAsync(allocated, adit);
        await Bulk.EchoAsync(port);
        await Bulk.EchoAsync(allocated);
    }

    [AditFact]
    public async Task A_remote_forward_whose_old_listener_the_server_still_holds_is_asked_for_until_the_server_agrees()
    {
        var sshd = await StartSshdAsync();
        await using var relay = new StallingRelay(sshd.Port);
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys, "ServerAliveInterval 2", "ServerAliveCountMax 2");
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-R", $"{port}:127.0.0.1:{echo.Port}", SshClientFiles.Alias);
        await adit.ErrorAsync($"localhost:{port} on peer");
        var old = LoopbackPort.Listener(port);

        relay.Stall();
        await adit.ErrorAsync($"(?i){port}.*asked again every");
        Assert.Equal(old, LoopbackPort.Listener(port));
        sshd.KillOldestConnection();

        await Patience.UntilAsync(() => !ProcessTree.IsAlive(old) && LoopbackPort.Listeners(port).Contains(IPAddress.Loopback), "the port should be the new connection's", () => adit.Log);
        await Bulk.EchoAsync(port);
        Assert.False(adit.HasExited);
    }

    [AditFact]
    public async Task A_server_that_comes_back_with_another_host_key_ends_it_with_255()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, 9);

        await sshd.KillAsync();
        var other = await StartSshdAsync(new() { Port = sshd.Port, HostKeyName = "changed" });

        Assert.Equal(ConnectionFailed, await tunnel.Adit.ExitAsync());
        Assert.Matches("(?i)host key", tunnel.Adit.Error.Text);
        Assert.False(other.Messages.Contains("Accepted publickey"));
        Assert.False(LoopbackPort.IsListening(tunnel.Port));
    }

    [AditFact]
    public async Task A_server_that_lets_us_in_no_more_ends_it_with_255()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, 9);

        await sshd.KillAsync();
        await StartSshdAsync(new() { Port = sshd.Port, AuthorizedKeys = [] });

        Assert.Equal(ConnectionFailed, await tunnel.Adit.ExitAsync());
        Assert.Matches("(?i)denied|authentication", tunnel.Adit.Error.Text);
    }

    [AditFact]
    public async Task A_first_connection_that_fails_is_not_tried_again()
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free());

        await FailToOpenAsync(files, "-o", "AditReconnect=yes");
    }

    [AditFact]
    public async Task A_session_that_lost_its_connection_ends_with_255()
    {
        var sshd = await StartSshdAsync(new() { Config = ["LogLevel VERBOSE"] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        var adit = await StartAditAsync("-F", files.ConfigPath, SshClientFiles.Alias, "echo ready; exec cat");
        await adit.OutputAsync("ready");

        sshd.KillConnections();

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.DoesNotContain(Again, adit.Error.Text, StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_signal_ends_it_at_once_while_the_server_is_down()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, 9);
        await sshd.KillAsync();
        await tunnel.Adit.ErrorAsync("connecting again");
        using var waiting = await ServerTest.DialAsync(tunnel.Port);

        tunnel.Adit.Signal(PosixSignal.SIGTERM);

        await tunnel.Adit.ExitAsync();
        await ServerTest.AssertEndsAsync(waiting, () => tunnel.Adit.Log);
        Assert.False(LoopbackPort.IsListening(tunnel.Port));
    }
}

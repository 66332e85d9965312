using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What becomes of a tunnel with forwards in both directions when its link fails in one of the ways in which links do.</summary>
[Trait("Surface", "S1-14")]
[Trait("Surface", "S1-15")]
public sealed class LinkFaultTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string Again = "connected to peer again";

    // What finds a silent link, at either end, in 4 to 6 s.
    private static readonly string[] Alive = ["ServerAliveInterval 2", "ServerAliveCountMax 2"];
    private static readonly string[] ClientAlive = ["ClientAliveInterval 2", "ClientAliveCountMax 2"];

    [AditFact]
    public async Task Forwards_of_both_directions_come_back_when_sshd_was_killed_and_started_again()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var (tunnel, remote) = await OpenBothAsync(files, echo);

        for (var time = 1; time <= 2; time++)
        {
            using var here = await ServerTest.DialAsync(tunnel.Port);
            await ServerTest.ExchangeAsync(here);
            await sshd.KillAsync();
            await ServerTest.AssertEndsAsync(here, () => tunnel.Adit.Log);
            await LoopbackPort.UntilClosedAsync(remote);

            sshd = await StartSshdAsync(new() { Port = sshd.Port });

            await UntilBackAsync(tunnel, remote, times: time);
        }
    }

    [AditTheory]
    [InlineData(LinkCut.BothReset)]
    [InlineData(LinkCut.ClientReset)]
    [InlineData(LinkCut.ServerReset)]
    [InlineData(LinkCut.ClientEnded)]
    [InlineData(LinkCut.ServerEnded)]
    public async Task Forwards_of_both_directions_come_back_when_the_link_was_cut_whoever_hears_of_it(LinkCut cut)
    {
        var sshd = await StartSshdAsync(new() { Config = ClientAlive });
        await using var relay = new StallingRelay(sshd.Port);
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys, Alive);
        var (tunnel, remote) = await OpenBothAsync(files, echo);
        using var here = await ServerTest.DialAsync(tunnel.Port);
        using var there = await ServerTest.DialAsync(remote);
        await ServerTest.ExchangeAsync(here);
        await ServerTest.ExchangeAsync(there);

        relay.Cut(cut);

        await ServerTest.AssertEndsAsync(here, () => tunnel.Adit.Log);
        await ServerTest.AssertEndsAsync(there, () => tunnel.Adit.Log);
        await UntilBackAsync(tunnel, remote);
    }

    [AditTheory]
    [MemberData(nameof(Servers))]
    public async Task Sockets_and_SOCKS_at_both_ends_come_back_too(string kind)
    {
        // Without StreamLocalBindUnlink, sshd leaves the old socket in the way of the new one.
        var server = await StartServerAsync(kind, "StreamLocalBindUnlink yes");
        await using var relay = new StallingRelay(server.Port);
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(relay, server.HostKeys);
        int socks = LoopbackPort.Free(), remoteSocks = LoopbackPort.Free();
        string path = Path.Combine(server.Folder, "here"), remotePath = Path.Combine(server.Folder, "there");
        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-D", $"127.0.0.1:{socks}", "-L", $"{path}:127.0.0.1:{echo.Port}",
            "-R", $"127.0.0.1:{remoteSocks}", "-R", $"{remotePath}:127.0.0.1:{echo.Port}", SshClientFiles.Alias);
        await UntilListeningAsync(remotePath, adit);

        for (var time = 0; time <= 2; time++)
        {
            await Patience.UntilAsync(() => adit.Error.Count(Again) == time, "the connection should be made again", () => adit.Log);
            await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
            await SocksEchoAsync(socks, echo.Port);
            await Patience.UntilAsync(() => LoopbackPort.IsListening(remoteSocks) && Listens(remotePath), "the server should listen again", () => adit.Log);
            await Bulk.EchoAsync(new UnixDomainSocketEndPoint(remotePath));
            await SocksEchoAsync(remoteSocks, echo.Port);
            relay.Cut(LinkCut.BothReset);
            await LoopbackPort.UntilClosedAsync(remoteSocks);
        }
    }

    [AditTheory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_link_that_falls_silent_while_much_goes_both_ways_is_replaced(bool toServer, bool toClient)
    {
        var sshd = await StartSshdAsync();
        await using var relay = new StallingRelay(sshd.Port);
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys, Alive);
        var (tunnel, remote) = await OpenBothAsync(files, echo);
        var transfers = Task.WhenAll(TransferAsync(tunnel.Port), TransferAsync(remote));
        await Patience.UntilAsync(() => relay.Passed > 20_000_000, "much should go through", () => tunnel.Adit.Log);

        if (toServer)
            relay.StallToServer();
        if (toClient)
            relay.StallToClient();
        var since = Stopwatch.GetTimestamp();

        await tunnel.Adit.ErrorAsync(Again);
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(20));
        Assert.Matches("no answer to 2 keepalives", tunnel.Adit.Error.Text);
        sshd.KillOldestConnection();
        await transfers.WithinAsync("the transfers should end with the link", () => tunnel.Adit.Log);
        await UntilBackAsync(tunnel, remote);
    }

    [AditFact]
    public async Task What_a_cut_interrupts_does_not_look_complete()
    {
        const long bytes = 1L << 40;
        var sshd = await StartSshdAsync();
        await using var relay = new StallingRelay(sshd.Port);
        await using var source = TcpService.Source(bytes);
        using var files = await SshClientFiles.CreateAsync(relay, sshd.HostKeys);
        var tunnel = await OpenTunnelAsync(files, source.Port);
        var receiving = Bulk.ReceiveAsync(tunnel.Port, bytes);
        await Patience.UntilAsync(() => relay.Passed > 5_000_000, "much should go through", () => tunnel.Adit.Log);

        relay.Cut(LinkCut.BothReset);

        // ssh closes as if all had been said.
        var end = await Assert.ThrowsAsync<IOException>(() => receiving.WithinAsync("the transfer should end", () => tunnel.Adit.Log));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(end.InnerException).SocketErrorCode);
    }

    private async Task<(Tunnel Tunnel, int Remote)> OpenBothAsync(SshClientFiles files, TcpService target)
    {
        var remote = LoopbackPort.Free();
        var tunnel = await OpenTunnelAsync(files, target.Port, "-R", $"127.0.0.1:{remote}:127.0.0.1:{target.Port}");
        await LoopbackPort.UntilListeningAsync(remote, tunnel.Adit);
        await Bulk.EchoAsync(tunnel.Port);
        await Bulk.EchoAsync(remote);
        return (tunnel, remote);
    }

    // The old listener may live on until the server notices, and swallow what comes to it.
    private static async Task UntilBackAsync(Tunnel tunnel, int remote, int times = 1)
    {
        await Patience.UntilAsync(() => tunnel.Adit.Error.Count(Again) == times, "the connection should be made again", () => tunnel.Adit.Log);
        await Bulk.EchoAsync(tunnel.Port);
        await Patience.UntilAsync(() => Serves(remote), "the server should listen for the tunnel again", () => tunnel.Adit.Log);
        Assert.False(tunnel.Adit.HasExited);
    }

    private static bool Serves(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 500 };
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            socket.Send("ping"u8);
            return socket.Receive(new byte[4]) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // RFC 1928, sections 3 to 6.
    private static async Task SocksEchoAsync(int port, int target)
    {
        using var socket = await ServerTest.DialAsync(port);
        await socket.SendAsync(new byte[] { 5, 1, 0 });
        Assert.Equal(2, await socket.ReceiveAsync(new byte[8]).WithinAsync("the method should be chosen"));
        await socket.SendAsync(new byte[] { 5, 1, 0, 1, 127, 0, 0, 1, (byte)(target >> 8), (byte)target });
        var answer = new byte[16];
        Assert.Equal(10, await socket.ReceiveAsync(answer).WithinAsync("the target should be reached"));
        Assert.Equal(0, answer[1]);
        await ServerTest.ExchangeAsync(socket);
    }

    /// <summary>Sends to an echo and reads what comes back, until the connection ends.</summary>
    private static async Task TransferAsync(int port)
    {
        using var socket = await ServerTest.DialAsync(port);
        Task sending = SendAsync(), receiving = ReceiveAsync();
        await Task.WhenAny(sending, receiving);
        socket.Dispose();
        await Task.WhenAll(sending, receiving);

        async Task SendAsync()
        {
            try
            {
                await foreach (var block in Bulk.Blocks(long.MaxValue))
                    await socket.SendAsync(block);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The end.
            }
        }

        async Task ReceiveAsync()
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await socket.ReceiveAsync(buffer) > 0)
                    await Task.Yield();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The end.
            }
        }
    }
}

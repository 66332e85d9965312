using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>What ends by itself, and what does not.</summary>
[Trait("Surface", "S2-19")]
public sealed class TimeoutPolicyTests(ITestOutputHelper output) : PolicyTest(output)
{
    private const int Stop = 19;

    [Theory]
    // Of some length, since sshd counts whole seconds, and 1 s may be over right after a byte.
    [InlineData("direct-tcpip=3")]
    [InlineData("*=3s")]
    [InlineData("session=1h direct-*=3")]
    public async Task A_silent_channel_is_closed_and_one_that_is_used_is_not(string timeouts)
    {
        var server = await StartServerAsync($"ChannelTimeout {timeouts}");
        await using var echo = TcpService.Echo();
        var (client, port) = await ForwardAsync("ssh", server, echo.Port);
        using var busy = await DialAsync(port);
        using var silent = await DialAsync(port);

        var ended = AssertEndsAsync(silent, () => client.Log);
        while (!ended.IsCompleted)
        {
            await ExchangeAsync(busy);
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(50)));
        }
        await ended;

        await ExchangeAsync(busy);
        Assert.False(client.HasExited, client.Log);
        await AssertLoggedAsync(server, "ChannelTimeout|inactiv|idle");
    }

    [Fact]
    public async Task A_silent_channel_of_a_remote_forward_is_closed_and_the_forward_stays()
    {
        var server = await StartServerAsync("ChannelTimeout forwarded-tcpip=1");
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-R", Spec(port, echo.Port));
        await LoopbackPort.UntilListeningAsync(port, client);
        using var silent = await DialAsync(port);

        await AssertEndsAsync(silent, () => client.Log);

        await Bulk.EchoAsync(port);
    }

    [Fact]
    public async Task A_timeout_of_other_channels_closes_none_of_these()
    {
        var server = await StartServerAsync("ChannelTimeout direct-streamlocal@openssh.com=1 session=1 forwarded-tcpip=1");
        var path = Path.Combine(RunFolder.Create("target"), "socket");
        await using var echo = TcpService.Echo();
        await using var local = TcpService.Echo(path);
        int tcp = LoopbackPort.Free(), unix = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-L", Spec(tcp, echo.Port), "-L", $"{unix}:{path}");
        await LoopbackPort.UntilListeningAsync(unix, client);
        using var kept = await DialAsync(tcp);
        await ExchangeAsync(kept);
        using var closed = await DialAsync(unix);

        await AssertEndsAsync(closed, () => client.Log);

        await ExchangeAsync(kept);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_is_not_used_is_ended(bool listens)
    {
        var server = await StartServerAsync("UnusedConnectionTimeout 1");
        await using var echo = TcpService.Echo();
        var (used, port) = await ForwardAsync("ssh", server, echo.Port);
        using var channel = await DialAsync(port);
        await ExchangeAsync(channel);

        var unused = await StartSshAsync(server, listens ? ["-N", "-R", Spec(LoopbackPort.Free(), echo.Port)] : ["-N"]);

        await UntilLoggedInAsync(unused);
        if (listens && ServerPeer.IsGateway)
        {
            // A remote forward is a use: it outlives a client that does nothing at all.
            var idle = await StartSshAsync(server, "-N");
            await UntilLoggedInAsync(idle);
            Assert.Equal(ConnectionFailed, await idle.ExitAsync());
            Assert.False(unused.HasExited, unused.Log);
            return;
        }

        Assert.Equal(ConnectionFailed, await unused.ExitAsync());
        await ExchangeAsync(channel);
        Assert.False(used.HasExited, used.Log);
        await AssertLoggedAsync(server, "UnusedConnectionTimeout|unused");
    }

    [Theory]
    [InlineData("ClientAliveInterval 1\nClientAliveCountMax 1")]
    [InlineData("ClientAliveInterval 0\nMatch Address 127.0.0.1\nClientAliveInterval 1\nClientAliveCountMax 1")]
    [Trait("Surface", "S1-15")]
    public async Task A_client_that_answers_no_more_is_given_up_and_its_port_freed(string rules)
    {
        var server = await StartServerAsync([.. rules.Split('\n')]);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-R", Spec(port, echo.Port));
        await LoopbackPort.UntilListeningAsync(port, client);

        Assert.Equal(0, ProcessTree.SendSignal(client.Pid, Stop));

        await LoopbackPort.UntilClosedAsync(port, () => server.Log);
        await AssertLoggedAsync(server, "ClientAlive|not responding|no answer");
    }

    [Fact]
    [Trait("Surface", "S2-23")]
    public async Task A_connection_that_never_logs_in_is_ended()
    {
        var server = await StartServerAsync("LoginGraceTime 1");
        using var silent = await DialAsync(server.Port);
        await using var stream = new NetworkStream(silent);

        await stream.CopyToAsync(Stream.Null).WithinAsync("the connection should end", () => server.Log);

        await AssertLoggedAsync(server, "LoginGraceTime|authentication|login");
    }
}

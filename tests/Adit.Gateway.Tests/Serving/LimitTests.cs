using System.Globalization;
using Adit.Gateway.Audit;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>What ends a connection or refuses a further one: the limits of users, of time and of the whole gateway.</summary>
public class LimitTests
{
    [Fact]
    public async Task AditMaxSession_ends_a_connection_that_is_at_work()
    {
        await using TestGateway gateway = new("AditMaxSession 1m");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        await gateway.ExpiresAsync(client, 60);
        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal(("Expired", "the session has lasted 60 s, as long as it may (AditMaxSession)", 60.0), (gone.Reason, gone.Detail, gone.Seconds));
    }

    [Fact]
    public async Task AditMaxBytes_ends_a_connection_that_has_carried_more_in_both_directions_together()
    {
        await using TestGateway gateway = new("AditMaxBytes 1000");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        await channel.ExchangeAsync(new byte[500]);
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        Channel another = await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        await another.ExchangeAsync(new byte[1]);
        await gateway.ExpiresAsync(client, 1);
        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal("the session has carried 1000 bytes, as much as it may (AditMaxBytes)", gone.Detail);
    }

    [Fact]
    public async Task AditMaxBytes_counts_what_commands_take_and_give()
    {
        await using TestGateway gateway = new("AditPermitExec yes\nAditMaxBytes 1000");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenAsync("session", []).AsTask().TestTime();
        channel.Notify("exec", [0, 0, 0, 3, .. "cat"u8]);
        await channel.ExchangeAsync(new byte[501]);
        await gateway.ExpiresAsync(client, 1);
        Assert.Contains("AditMaxBytes", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnusedConnectionTimeout_ends_a_connection_without_channels()
    {
        await using TestGateway gateway = new("UnusedConnectionTimeout 30");
        SshConnection client = await gateway.ConnectAsync();
        await gateway.ExpiresAsync(client, 30);
        Assert.Equal("the connection was not used for 30 s (UnusedConnectionTimeout)", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail);
    }

    [Fact]
    public async Task A_channel_or_a_remote_forward_keeps_a_connection_in_use()
    {
        await using TestGateway gateway = new("UnusedConnectionTimeout 30");
        using EchoServer echo = new();
        SshConnection opens = await gateway.ConnectAsync("ann"), listens = await gateway.ConnectAsync("bob"), idles = await gateway.ConnectAsync("joe");
        await opens.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        Assert.NotNull(await listens.RequestAsync(TcpipForward.RequestName, new TcpipForward("localhost", 0).ToFields()).AsTask().TestTime());
        await gateway.ExpiresAsync(idles, 30);
        gateway.Time.Advance(TimeSpan.FromSeconds(100));
        Assert.False(opens.Closed.IsCompleted);
        Assert.False(listens.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_key_that_expires_ends_its_connection()
    {
        await using TestGateway gateway = new(keyOptions: "expiry-time=\"202601010001Z\"");
        SshConnection client = await gateway.ConnectAsync();
        await gateway.ExpiresAsync(client, 60);
        Assert.Equal("the user's key is valid no longer", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail);
        await Assert.ThrowsAsync<SshAuthException>(() => gateway.ConnectAsync());
    }

    [Fact]
    public async Task AditMaxConnections_refuses_a_further_connection_of_the_user_alone()
    {
        await using TestGateway gateway = new("AditMaxConnections 1\nMatch User ann\nAditMaxConnections 9");
        SshConnection first = await gateway.ConnectAsync();
        SshClosedException closed = await Assert.ThrowsAsync<SshClosedException>(() => gateway.ConnectAsync());
        Assert.Equal(DisconnectCode.TooManyConnections, closed.PeerCode);
        Assert.Equal("TooManyConnections", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Reason);
        SshConnection ann = await gateway.ConnectAsync("ann");
        Assert.False(ann.Closed.IsCompleted);
        await ann.DisposeAsync();
        await gateway.LastServed.TestTime();
        await first.DisposeAsync();
        await gateway.Events.Heard(GatewayEventKind.Disconnected, e => e.User is "joe" && e.Reason is not "TooManyConnections");
        Assert.NotNull(await (await gateway.ConnectAsync()).RequestAsync(TcpipForward.RequestName, new TcpipForward("localhost", 0).ToFields()).AsTask().TestTime());
    }

    [Fact]
    public async Task AditMaxChannels_refuses_with_code_4_and_gives_places_back()
    {
        await using TestGateway gateway = new("AditMaxChannels 2");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        Channel first = await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.ResourceShortage, e.Reason);
        Assert.Contains("AditMaxChannels", (await gateway.Events.Heard(GatewayEventKind.ChannelRefused)).Detail, StringComparison.Ordinal);
        await first.ExchangeAsync([1]);
        await first.DisposeAsync();
        await gateway.Events.Heard(GatewayEventKind.ChannelClosed);
        await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
    }

    [Fact]
    public async Task AditMaxListeners_refuses_and_a_cancelled_forward_makes_room()
    {
        await using TestGateway gateway = new("AditMaxListeners 1");
        SshConnection client = await gateway.ConnectAsync();
        byte[] any = new TcpipForward("localhost", 0).ToFields();
        uint port = TcpipForwardReply.Read(await client.RequestAsync(TcpipForward.RequestName, any).AsTask().TestTime()).Port;
        Assert.Null(await client.RequestAsync(TcpipForward.RequestName, any).AsTask().TestTime());
        Assert.Contains("AditMaxListeners", (await gateway.Events.Heard(GatewayEventKind.ForwardRefused)).Detail, StringComparison.Ordinal);
        Assert.NotNull(await client.RequestAsync(TcpipForward.CancelName, new TcpipForward("localhost", port).ToFields()).AsTask().TestTime());
        Assert.NotNull(await client.RequestAsync(TcpipForward.RequestName, any).AsTask().TestTime());
    }

    [Fact]
    public async Task AditBandwidth_holds_a_user_back_and_the_end_of_the_gateway_does_not_wait_for_it()
    {
        await using TestGateway gateway = new("AditBandwidth 1000");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        int armed = gateway.Time.ArmedTimers;
        await channel.WriteAsync(new byte[100_000]).AsTask().TestTime();
        Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync().AsTask();
        await Until.Holds(() => gateway.Time.ArmedTimers != armed);
        Assert.False(reading.IsCompleted);
        await gateway.Server.DisposeAsync().AsTask().TestTime();
        await gateway.LastServed.TestTime();
    }

    [Fact]
    public async Task ChannelTimeout_closes_a_silent_channel_of_its_type()
    {
        await using TestGateway gateway = new("ChannelTimeout direct-tcpip=1m");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
        await gateway.Events.Heard(GatewayEventKind.ChannelOpened);
        Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync().AsTask();
        await Until.Holds(() => gateway.Events.Count(GatewayEventKind.ChannelClosed) > 0, () => gateway.Time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal("IdleTimeout", (await gateway.Events.Heard(GatewayEventKind.ChannelClosed)).Reason);
        Assert.True((await reading.TestTime()).IsEmpty);
        Assert.False(client.Closed.IsCompleted);
    }

    [Fact]
    public async Task Thousands_of_channels_one_after_the_other_leave_every_place_free()
    {
        await using TestGateway gateway = new("AditMaxChannels 3");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        for (int i = 0; i < 200; i++)
        {
            Channel channel = await client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
            Assert.Single(await channel.ExchangeAsync([1]));
            await channel.DisposeAsync();
            int closed = i + 1;
            await Until.Holds(() => gateway.Events.Count(GatewayEventKind.ChannelClosed) >= closed);
        }

        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.ChannelRefused));
        Assert.Equal("200", gateway.Events.Count(GatewayEventKind.ChannelOpened).ToString(CultureInfo.InvariantCulture));
    }
}

using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Audit;
using Adit.Gateway.Tests.Policy;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Remote forwards under rules that change, with names that are slow or none, and of clients that go.</summary>
public class ForwardRulesTests
{
    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData("", "DisableForwarding yes", "DisableForwarding is set")]
    [InlineData("", "AllowTcpForwarding local", "AllowTcpForwarding does not allow this direction")]
    [InlineData("", "PermitListen localhost:1", "PermitListen does not permit it")]
    [InlineData("", "AditPermitListen *:* !127.0.0.0/8:*", "AditPermitListen: 127.0.0.1 is forbidden by the rule !127.0.0.0/8:*")]
    [InlineData("", "GatewayPorts yes", "GatewayPorts has it listen elsewhere")]
    [InlineData("GatewayPorts yes", "GatewayPorts no", "GatewayPorts has it listen elsewhere")]
    public async Task A_forward_that_the_new_rules_forbid_is_closed_and_its_connections_go_on(string before, string after, string reason)
    {
        await using TestGateway gateway = new("AditMaxListeners 1\n" + before);
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker);
        uint port = await ListenAsync(client, "localhost");
        using TcpClient visitor = new();
        await visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime();
        (_, _, Channel channel) = await taker.NextAsync();

        gateway.Configure(after);
        Assert.True(gateway.Server.Reload());
        GatewayEvent closed = await gateway.Events.Heard(GatewayEventKind.ForwardClosed);
        Assert.Equal(($"localhost:{port}", $"the rules have changed: {reason}"), (closed.Target, closed.Detail));
        using TcpClient late = new();
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, (int)port).TestTime());
        visitor.Client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await channel.ExchangeAsync([1]));
        Assert.Null(await client.RequestAsync(TcpipForward.CancelName, new TcpipForward("localhost", port).ToFields()).AsTask().TestTime());

        gateway.Configure("AditMaxListeners 1");
        Assert.True(gateway.Server.Reload());
        Assert.NotNull(await RequestAsync(client, "localhost", port));
    }

    [Fact]
    public async Task A_socket_that_the_new_rules_forbid_is_closed_and_removed()
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        string path = $"{gateway.Folder}/r.sock";
        Assert.NotNull(await client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward(path).ToFields()).AsTask().TestTime());
        gateway.Configure("AllowStreamLocalForwarding local");
        Assert.True(gateway.Server.Reload());
        Assert.Equal("the rules have changed: AllowStreamLocalForwarding does not allow this direction", (await gateway.Events.Heard(GatewayEventKind.ForwardClosed)).Detail);
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("", "PermitListen localhost:*", "localhost")]
    [InlineData("", "GatewayPorts clientspecified", "localhost")]
    [InlineData("", "GatewayPorts clientspecified", "127.0.0.1")]
    [InlineData("GatewayPorts clientspecified", "GatewayPorts yes", "")]
    [InlineData("", "AditPermitListen 127.0.0.0/8:* [::1]:*", "localhost")]
    public async Task A_forward_that_the_new_rules_permit_goes_on(string before, string after, string address)
    {
        await using TestGateway gateway = new(before);
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker);
        uint port = await ListenAsync(client, address);
        byte[] witness = new StreamLocalForward($"{gateway.Folder}/witness.sock").ToFields();
        Assert.NotNull(await client.RequestAsync(StreamLocalForward.RequestName, witness).AsTask().TestTime());
        gateway.Configure(after + "\nAllowStreamLocalForwarding local");
        Assert.True(gateway.Server.Reload());

        // It was made later, and is looked at later.
        await gateway.Events.Heard(GatewayEventKind.ForwardClosed);
        Assert.Equal(1, gateway.Events.Count(GatewayEventKind.ForwardClosed));
        using TcpClient visitor = new();
        await visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime();
        await taker.NextAsync();
    }

    [Fact]
    public async Task A_forward_that_is_made_while_the_rules_change_is_held_to_the_new_ones()
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        SshConnection client = await gateway.ConnectAsync();
        Task<byte[]?> listening = RequestAsync(client, "slow", 0);
        await names.Hears("slow");
        gateway.Configure("GatewayPorts clientspecified\nAllowTcpForwarding local");
        Assert.True(gateway.Server.Reload());
        names.Answer("slow");
        await listening;
        Assert.Contains("AllowTcpForwarding", (await gateway.Events.Heard(GatewayEventKind.ForwardClosed)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_rules_close_a_forward_also_while_a_request_waits_for_a_name()
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        SshConnection client = await gateway.ConnectAsync();
        await ListenAsync(client, "localhost");
        Task<byte[]?> listening = RequestAsync(client, "slow", 0);
        await names.Hears("slow");
        gateway.Configure("GatewayPorts clientspecified\nAllowTcpForwarding local");
        Assert.True(gateway.Server.Reload());
        await gateway.Events.Heard(GatewayEventKind.ForwardClosed);
        Assert.False(listening.IsCompleted);
        names.Answer("slow");
        await listening;
    }

    [Fact]
    public async Task ChannelTimeout_is_that_of_the_moment_of_a_connection_and_not_of_the_listening()
    {
        await using TestGateway gateway = new();
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker);
        uint port = await ListenAsync(client, "localhost");
        gateway.Configure("ChannelTimeout forwarded-tcpip=1m");
        Assert.True(gateway.Server.Reload());
        using TcpClient visitor = new();
        await visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime();
        (_, _, Channel channel) = await taker.NextAsync();
        await gateway.Events.Heard(GatewayEventKind.ChannelOpened);
        Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync().AsTask();
        await Until.Holds(() => gateway.Events.Count(GatewayEventKind.ChannelClosed) > 0, () => gateway.Time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Equal("IdleTimeout", (await gateway.Events.Heard(GatewayEventKind.ChannelClosed)).Reason);
        await Record.ExceptionAsync(() => reading.TestTime());
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LocalHost")]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("127.0.0.1")]
    public async Task What_is_no_name_is_not_looked_up(string address)
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        await ListenAsync(await gateway.ConnectAsync(), address);
        Assert.Empty(names.Asked);
    }

    [Fact]
    public async Task A_name_is_looked_up_in_the_share_of_its_user()
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified\nAuthorizedKeysFile {folder}/keys", names: names.AskAsync);
        Task<byte[]?>[] waiting = [.. await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => RequestAsync(await gateway.ConnectAsync(), $"slow{i}", 0)))];
        await Until.Holds(() => names.Asked.Length == 16);
        names.Answer(names.Asked[0]);
        await Until.Holds(() => names.Asked.Length == 17);
        for (int i = 0; i < 20; i++)
            names.Answer($"slow{i}");
        Assert.All(await Task.WhenAll(waiting), static answer => Assert.NotNull(answer));
        GatewayEvent opened = await gateway.Events.Heard(GatewayEventKind.ForwardOpened);
        Assert.StartsWith("127.0.0.1:", opened.Bound, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(5000)]
    public async Task A_host_that_is_too_long_is_refused_and_the_next_request_is_served(int length)
    {
        await using TestGateway gateway = new("GatewayPorts clientspecified\nAditMaxListeners 1");
        SshConnection client = await gateway.ConnectAsync();
        Assert.Null(await RequestAsync(client, new string('x', length), 0));
        await gateway.Events.Heard(GatewayEventKind.ForwardRefused);
        await ListenAsync(client, "localhost");
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenTcpAsync(new string('x', length), 1, "::1", 1).AsTask().TestTime());
        Assert.NotEqual(ChannelOpenFailureReason.UnknownChannelType, e.Reason);
    }

    [Fact]
    public async Task A_name_service_that_breaks_refuses_the_request_and_the_next_one_is_served()
    {
        await using TestGateway gateway = new("GatewayPorts clientspecified\nAditMaxListeners 1", names: static (_, _) => throw new NotSupportedException("broken"));
        SshConnection client = await gateway.ConnectAsync();
        Assert.Null(await RequestAsync(client, "db", 0));
        Assert.Equal("broken", (await gateway.Events.Heard(GatewayEventKind.ForwardRefused)).Detail);
        await ListenAsync(client, "localhost");
    }

    [Fact]
    public async Task A_name_with_very_many_addresses_is_refused()
    {
        SlowNames names = new();
        names.Answer("many", [.. Enumerable.Range(1, 17).Select(static i => new IPAddress([127, 0, 0, (byte)i]))]);
        names.Answer("some", [.. Enumerable.Range(1, 16).Select(static i => new IPAddress([127, 0, 0, (byte)i]))]);
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        SshConnection client = await gateway.ConnectAsync();
        Assert.Null(await RequestAsync(client, "many", 0));
        Assert.Equal("the name has 17 addresses, more than 16; ask for one of them", (await gateway.Events.Heard(GatewayEventKind.ForwardRefused)).Detail);
        await ListenAsync(client, "some");
    }

    [Fact]
    public async Task Hundreds_that_are_asked_for_at_once_are_all_served()
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        SshConnection client = await gateway.ConnectAsync();
        Task<byte[]?> slow = RequestAsync(client, "slow", 0);
        Task<byte[]?>[] waiting =
        [
            .. Enumerable.Range(0, 400).Select(i => client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward($"{gateway.Folder}/{i}.sock").ToFields()).AsTask()),
        ];
        await Until.Holds(() => names.Asked.Length == 1);
        await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenAsync("all-have-come", []).AsTask().TestTime());
        names.Answer("slow");
        Assert.All(await Task.WhenAll([slow, .. waiting]).TestTime(), static answer => Assert.NotNull(answer));
    }

    [Theory]
    [InlineData(1100, 10)]
    [InlineData(5, 250_000)]
    public async Task A_client_that_asks_on_and_on_is_cut_off(int requests, int length)
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        SshConnection client = await gateway.ConnectAsync();
        _ = RequestAsync(client, "slow", 0);
        await Until.Holds(() => names.Asked.Length == 1);
        for (int i = 0; i < requests; i++)
            client.Notify(TcpipForward.RequestName, new TcpipForward(new string('x', length), 1).ToFields());
        await client.Closed.TestTime();
        Assert.Contains("wait to be served", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_when_a_client_goes_is_not_served_and_keeps_nobody()
    {
        SlowNames names = new();
        await using TestGateway gateway = new("GatewayPorts clientspecified", names: names.AskAsync);
        SshConnection client = await gateway.ConnectAsync();
        Task<byte[]?> slow = client.RequestAsync(TcpipForward.RequestName, new TcpipForward("slow", 0).ToFields()).AsTask();
        Task<byte[]?>[] waiting =
        [
            .. Enumerable.Range(0, 20).Select(i => client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward($"{gateway.Folder}/{i}.sock").ToFields()).AsTask()),
        ];
        await names.Hears("slow");
        await client.DisposeAsync();
        await gateway.LastServed.TestTime();
        await Assert.ThrowsAnyAsync<SshException>(() => slow.TestTime());
        await Assert.ThrowsAnyAsync<SshException>(() => Task.WhenAll(waiting).TestTime());
        names.Answer("slow");
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.ForwardOpened));
        Assert.Empty(Directory.GetFiles(gateway.Folder, "*.sock"));
    }

    private static async Task<uint> ListenAsync(SshConnection client, string address) => TcpipForwardReply.Read(await RequestAsync(client, address, 0)).Port;

    private static Task<byte[]?> RequestAsync(SshConnection client, string address, uint port) =>
        client.RequestAsync(TcpipForward.RequestName, new TcpipForward(address, port).ToFields()).AsTask().TestTime();
}

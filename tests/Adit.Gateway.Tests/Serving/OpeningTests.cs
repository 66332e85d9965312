using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Audit;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Logging in, and what clients may open through the gateway.</summary>
public class OpeningTests
{
    [Fact]
    [Trait("Surface", "S2-20")]
    public async Task A_user_logs_in_and_reaches_a_target_and_all_of_it_is_recorded()
    {
        await using TestGateway gateway = new();
        using EchoServer echo = new();
        await using SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenTcpAsync("127.0.0.1", echo.Port, "10.9.8.7", 1234).AsTask().TestTime();
        byte[] data = TestBytes.Of(300_000);
        Task<byte[]> reading = channel.ReadAllAsync();
        await channel.WriteAsync(data).AsTask().TestTime();
        channel.CompleteOutput();
        Assert.Equal(data, await reading);
        await channel.DisposeAsync();
        GatewayEvent closed = await gateway.Events.Heard(GatewayEventKind.ChannelClosed);
        Assert.Equal((300_000, 300_000, "Completed"), (closed.BytesOut, closed.BytesIn, closed.Reason));
        await client.DisposeAsync();
        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal((300_000, 300_000), (gone.BytesOut, gone.BytesIn));
        Assert.Equal(
            [GatewayEventKind.Connected, GatewayEventKind.Authenticated, GatewayEventKind.ChannelOpened, GatewayEventKind.ChannelClosed, GatewayEventKind.Disconnected],
            gateway.Events.All.Select(static happened => happened.Event));
        GatewayEvent opened = await gateway.Events.Heard(GatewayEventKind.ChannelOpened);
        Assert.Equal(("joe", "192.0.2.7:50000", "10.9.8.7:1234", $"127.0.0.1:{echo.Port}"), (opened.User, opened.Source, opened.Origin, opened.Target));
        Assert.Equal($"ED25519 {TestGateway.UserKey.PublicKey.Fingerprint}", opened.Key);
        Assert.NotNull(opened.Route);
        Assert.Single(gateway.Events.All.Select(static happened => happened.Connection).Distinct());
    }

    [Fact]
    public async Task A_stranger_is_not_let_in_and_told_nothing_of_why()
    {
        await using TestGateway gateway = new();
        using SshPrivateKey other = SshPrivateKey.Generate("ssh-ed25519");
        await Assert.ThrowsAsync<SshAuthException>(() => gateway.ConnectAsync(methods: [new PublicKeyMethod([other])]));
        GatewayEvent failed = await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed);
        Assert.Equal(("publickey", "joe", $"ED25519 {other.PublicKey.Fingerprint}", "no authorized_keys line holds the key"), (failed.Method, failed.User, failed.Key, failed.Detail));
        await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.Authenticated));
    }

    [Theory]
    [InlineData("pipe", "it is not a regular file")]
    [InlineData("none", "there is no such file")]
    [InlineData("long", "it is over the limit of 131072 bytes")]
    public async Task A_banner_that_cannot_be_read_is_not_shown_and_delays_nobody(string file, string reason)
    {
        await using TestGateway gateway = new($"Banner {{folder}}/{file}");
        gateway.MakePipe("pipe");
        gateway.Write("long", new string('x', 131_073));
        SshConnection client = await gateway.ConnectAsync();
        Assert.False(client.Closed.IsCompleted);
        Assert.Equal($"Banner {gateway.Folder}/{file} is not shown: {reason}", (await gateway.Events.Heard(GatewayEventKind.Note)).Detail);
    }

    [Theory]
    [InlineData("DenyUsers joe", "DenyUsers names the user")]
    [InlineData("AllowUsers ann", "AllowUsers does not name the user")]
    [InlineData("AllowUsers joe@10.0.0.0/8", "AllowUsers does not name the user")]
    [InlineData("AllowGroups db", "AllowGroups names no group of the user")]
    public async Task A_user_whom_the_rules_deny_is_treated_as_one_with_a_wrong_key(string rule, string reason)
    {
        await using TestGateway gateway = new(rule);
        await Assert.ThrowsAsync<SshAuthException>(() => gateway.ConnectAsync());
        Assert.Equal(reason, (await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed)).Detail);
    }

    [Theory]
    [InlineData("AllowTcpForwarding no", "", "127.0.0.1", "AllowTcpForwarding does not allow this direction")]
    [InlineData("AllowTcpForwarding remote", "", "127.0.0.1", "AllowTcpForwarding does not allow this direction")]
    [InlineData("DisableForwarding yes", "", "127.0.0.1", "DisableForwarding is set")]
    [InlineData("PermitOpen db:5432", "", "127.0.0.1", "PermitOpen does not permit it")]
    [InlineData("PermitOpen none", "", "127.0.0.1", "PermitOpen does not permit it")]
    [InlineData("", "permitopen=\"db:5432\"", "127.0.0.1", "permitopen of the key does not permit it")]
    [InlineData("", "restrict", "127.0.0.1", "the options of the key, or of its certificate, do not permit port-forwarding")]
    [InlineData("", "no-port-forwarding", "127.0.0.1", "the options of the key, or of its certificate, do not permit port-forwarding")]
    [InlineData("AditPermitOpen db:5432", "", "db2", "AditPermitOpen: no rule permits it")]
    [InlineData("AditPermitOpen *:* !127.0.0.0/8:*", "", "127.1", "AditPermitOpen: 127.0.0.1 is forbidden by the rule !127.0.0.0/8:*")]
    [InlineData("AditPermitOpen *:* !127.0.0.0/8:*", "", "0", "AditPermitOpen: 127.0.0.1 is forbidden by the rule !127.0.0.0/8:*")]
    [InlineData("AditPermitOpen *:* !127.0.0.0/8:*", "", "::ffff:127.0.0.1", "AditPermitOpen: 127.0.0.1 is forbidden by the rule !127.0.0.0/8:*")]
    [InlineData("Match User joe\nPermitOpen none", "", "127.0.0.1", "PermitOpen does not permit it")]
    public async Task What_is_not_permitted_is_refused_with_code_1_and_the_rule_is_for_the_log_alone(string config, string keyOptions, string host, string reason)
    {
        await using TestGateway gateway = new(config, keyOptions);
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenTcpAsync(host, echo.Port, "::1", 1).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        Assert.DoesNotContain(reason, e.Message, StringComparison.Ordinal);
        GatewayEvent refused = await gateway.Events.Heard(GatewayEventKind.ChannelRefused);
        Assert.EndsWith(reason, refused.Detail, StringComparison.Ordinal);
        Assert.Equal("joe", refused.User);
        Assert.Equal(0, echo.Accepted);
        Assert.False(client.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_target_where_nobody_listens_is_refused_with_code_2()
    {
        await using TestGateway gateway = new();
        using Socket bound = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        SshConnection client = await gateway.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(
            () => client.OpenTcpAsync("127.0.0.1", ((IPEndPoint)bound.LocalEndPoint!).Port, "::1", 1).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.ConnectFailed, e.Reason);
        Assert.Equal("DialFailed", (await gateway.Events.Heard(GatewayEventKind.ChannelRefused)).Reason);
    }

    [Theory]
    [InlineData("127.0.0.1", 0u)]
    [InlineData("127.0.0.1", 131072u)]
    [InlineData("127.0.0.1", uint.MaxValue)]
    [InlineData("", 1u)]
    [InlineData("a b", 1u)]
    [InlineData("a\0b", 1u)]
    [InlineData("x:y", 1u)]
    public async Task What_is_no_target_is_refused_with_code_1(string host, uint port)
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(
            () => client.OpenAsync(DirectTcpip.ChannelType, new DirectTcpip(host, port, "\u001b[2J", 1).ToFields()).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        GatewayEvent refused = await gateway.Events.Heard(GatewayEventKind.ChannelRefused);
        Assert.Equal(("NoTarget", false), (refused.Reason, refused.Origin!.Any(char.IsControl) || refused.Detail!.Any(char.IsControl)));
    }

    [Theory]
    [InlineData("direct-tcpip")]
    [InlineData("direct-streamlocal@openssh.com")]
    public async Task A_malformed_open_ends_the_connection(string type)
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        await Assert.ThrowsAsync<SshClosedException>(() => client.OpenAsync(type, [1, 2, 3]).AsTask().TestTime());
        Assert.Equal("ProtocolError", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Reason);
    }

    [Theory]
    [InlineData("x11")]
    [InlineData("tun@openssh.com")]
    [InlineData("forwarded-tcpip")]
    public async Task Other_kinds_of_channels_are_unknown_with_code_3(string type)
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenAsync(type, []).AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.UnknownChannelType, e.Reason);
        Assert.Equal($"a {type} channel", (await gateway.Events.Heard(GatewayEventKind.RequestRefused)).Target);
    }

    [Fact]
    public async Task A_socket_is_reached()
    {
        await using TestGateway gateway = new("AditPermitOpen {folder}/*.sock");
        using EchoServer echo = new($"{gateway.Folder}/db.sock");
        SshConnection client = await gateway.ConnectAsync();
        Channel channel = await client.OpenUnixAsync($"{gateway.Folder}/db.sock").AsTask().TestTime();
        Assert.Equal("hello"u8.ToArray(), await channel.ExchangeAsync("hello"u8.ToArray()));
        Assert.Equal($"{gateway.Folder}/db.sock", (await gateway.Events.Heard(GatewayEventKind.ChannelOpened)).Target);
    }

    [Theory]
    [InlineData("AllowStreamLocalForwarding no", "", "db.sock")]
    [InlineData("AllowStreamLocalForwarding remote", "", "db.sock")]
    [InlineData("PermitOpen db:5432", "", "db.sock")]
    [InlineData("", "permitopen=\"db:5432\"", "db.sock")]
    [InlineData("AditPermitOpen {folder}/other.sock", "", "db.sock")]
    [InlineData("AditPermitOpen {folder}/sub/*", "", "sub/../db.sock")]
    public async Task A_socket_that_is_not_permitted_is_refused_with_code_1(string config, string keyOptions, string path)
    {
        await using TestGateway gateway = new(config, keyOptions);
        Directory.CreateDirectory($"{gateway.Folder}/sub");
        using EchoServer echo = new($"{gateway.Folder}/db.sock");
        SshConnection client = await gateway.ConnectAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => client.OpenUnixAsync($"{gateway.Folder}/{path}").AsTask().TestTime());
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        Assert.Equal(0, echo.Accepted);
    }

    [Fact]
    public async Task The_rules_of_a_Match_block_are_those_of_its_user()
    {
        await using TestGateway gateway = new("PermitOpen none\nMatch User ann\nPermitOpen any\n");
        using EchoServer echo = new();
        SshConnection ann = await gateway.ConnectAsync("ann"), joe = await gateway.ConnectAsync("joe");
        Assert.Equal([7], await (await ann.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime()).ExchangeAsync([7]));
        await Assert.ThrowsAsync<ChannelOpenException>(() => joe.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime());
    }
}

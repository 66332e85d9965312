using Adit.Gateway.Audit;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>New rules for connections that live, and the end of a gateway.</summary>
public class ReloadTests
{
    [Fact]
    [Trait("Surface", "S2-9")]
    public async Task New_rules_hold_for_new_channels_of_a_live_connection_and_old_channels_go_on()
    {
        await using TestGateway gateway = new("AditPermitOpen 127.0.0.0/8:*");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        Channel old = await OpenAsync(client, echo);
        gateway.Configure("AditPermitOpen db:5432\nPermitListen none");
        Assert.True(gateway.Server.Reload());
        Assert.Equal("1 connections go on under the new rules", (await gateway.Events.Heard(GatewayEventKind.Reloaded)).Detail);
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => OpenAsync(client, echo));
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        Assert.Null(await client.RequestAsync(TcpipForward.RequestName, new TcpipForward("localhost", 0).ToFields()).AsTask().TestTime());
        Assert.Equal([1, 2], await old.ExchangeAsync([1, 2]));

        gateway.Configure("AditPermitOpen *:*");
        Assert.True(gateway.Server.Reload());
        Assert.Equal([3], await (await OpenAsync(client, echo)).ExchangeAsync([3]));
    }

    [Fact]
    public async Task The_options_of_the_key_stay_in_force_over_a_reload()
    {
        await using TestGateway gateway = new(keyOptions: "permitopen=\"db:5432\"");
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        Assert.True(gateway.Server.Reload());
        await Assert.ThrowsAsync<ChannelOpenException>(() => OpenAsync(client, echo));
        Assert.EndsWith("permitopen of the key does not permit it", (await gateway.Events.Heard(GatewayEventKind.ChannelRefused)).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AditPermitOpen nonsense")]
    [InlineData("NoSuchKeyword yes")]
    [InlineData("HostKey /no/such/key")]
    [InlineData("Match User\nPermitOpen none")]
    public async Task A_file_that_cannot_be_understood_changes_nothing(string broken)
    {
        await using TestGateway gateway = new();
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        gateway.Configure("DenyUsers joe\n" + broken);
        Assert.False(gateway.Server.Reload());
        Assert.Contains("sshd_config", (await gateway.Events.Heard(GatewayEventKind.ReloadFailed)).Detail, StringComparison.Ordinal);
        Assert.Equal([3], await (await OpenAsync(client, echo)).ExchangeAsync([3]));
        Assert.False((await gateway.ConnectAsync()).Closed.IsCompleted);
    }

    [Theory]
    [InlineData("DenyUsers joe", "the rules have changed: DenyUsers names the user")]
    [InlineData("AllowUsers ann", "the rules have changed: AllowUsers does not name the user")]
    [InlineData("RevokedKeys {folder}/revoked", "the key is revoked")]
    [InlineData("RevokedKeys /no/such/file", "the key is refused, because RevokedKeys cannot be read")]
    public async Task A_user_who_would_not_get_in_any_more_is_sent_away(string config, string reason)
    {
        await using TestGateway gateway = new();
        SshConnection joe = await gateway.ConnectAsync();
        gateway.Write("revoked", TestGateway.UserKey.PublicKey.ToString());
        gateway.Configure(config);
        Assert.True(gateway.Server.Reload());
        await joe.Closed.TestTime();
        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal("Expired", gone.Reason);
        Assert.StartsWith(reason, gone.Detail, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SshAuthException>(() => gateway.ConnectAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Whichever_of_several_keys_is_revoked_sends_its_user_away(int revoked)
    {
        SshPrivateKey[] keys = [SshPrivateKey.Generate("ssh-ed25519"), SshPrivateKey.Generate("ssh-ed25519")];
        await using TestGateway gateway = new("AuthenticationMethods publickey,publickey");
        gateway.Write("keys", $"{keys[0].PublicKey}\n{keys[1].PublicKey}\n");
        SshConnection joe = await gateway.ConnectAsync(methods: [new PublicKeyMethod(keys)]);
        gateway.Write("revoked", keys[revoked].PublicKey.ToString());
        gateway.Configure("RevokedKeys {folder}/revoked");
        Assert.True(gateway.Server.Reload());
        await joe.Closed.TestTime();
        Assert.Equal("the key is revoked", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail![..18]);
    }

    [Fact]
    public async Task Whichever_of_several_keys_has_as_many_connections_as_allowed_lets_no_more_in()
    {
        SshPrivateKey[] keys = [SshPrivateKey.Generate("ssh-ed25519"), SshPrivateKey.Generate("ssh-ed25519"), SshPrivateKey.Generate("ssh-ed25519")];
        await using TestGateway gateway = new("AuthenticationMethods publickey,publickey\nAditMaxConnections 1");
        gateway.Write("keys", string.Join('\n', keys.Select(static key => key.PublicKey)));
        await gateway.ConnectAsync("ann", methods: [new PublicKeyMethod([keys[0], keys[1]])]);
        await Assert.ThrowsAsync<SshClosedException>(() => gateway.ConnectAsync("bob", methods: [new PublicKeyMethod([keys[0], keys[2]])]));
        await Assert.ThrowsAsync<SshClosedException>(() => gateway.ConnectAsync("bob", methods: [new PublicKeyMethod([keys[2], keys[0]])]));
    }

    [Fact]
    public async Task New_limits_hold_for_a_live_connection()
    {
        await using TestGateway gateway = new();
        using EchoServer echo = new();
        SshConnection client = await gateway.ConnectAsync();
        await OpenAsync(client, echo);
        gateway.Configure("AditMaxChannels 1\nAditMaxSession 30");
        Assert.True(gateway.Server.Reload());
        Assert.Equal(ChannelOpenFailureReason.ResourceShortage, (await Assert.ThrowsAsync<ChannelOpenException>(() => OpenAsync(client, echo))).Reason);
        await gateway.ExpiresAsync(client, 30);
    }

    [Fact]
    public async Task Who_logs_in_while_the_rules_change_is_judged_by_some_and_held_to_the_new_ones()
    {
        await using TestGateway gateway = new("PermitOpen none");
        using EchoServer echo = new();
        gateway.Configure("PermitOpen any");
        Assert.True(gateway.Server.Reload());
        SshConnection client = await gateway.ConnectAsync();
        Assert.Equal([1], await (await OpenAsync(client, echo)).ExchangeAsync([1]));
    }

    [Fact]
    public async Task Draining_ends_idle_clients_refuses_new_channels_and_waits_for_the_open_ones()
    {
        await using TestGateway gateway = new();
        using EchoServer echo = new();
        SshConnection idle = await gateway.ConnectAsync("ann"), busy = await gateway.ConnectAsync();
        Channel channel = await OpenAsync(busy, echo);
        await gateway.Events.Heard(GatewayEventKind.ChannelOpened);
        Task draining = gateway.Server.DrainAsync(TimeSpan.FromSeconds(60), default);
        await idle.Closed.TestTime();
        Assert.Equal("2 connections have 60 s", (await gateway.Events.Heard(GatewayEventKind.Draining)).Detail);
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => OpenAsync(busy, echo));
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
        Assert.False(draining.IsCompleted);
        Assert.Equal([1], await channel.ExchangeAsync([1]));
        await channel.DisposeAsync();
        await gateway.Events.Heard(GatewayEventKind.ChannelClosed);

        // The client's own CLOSE comes a moment after that.
        await Until.Holds(() => gateway.Server.Connections.All(static connection => connection.Channels == 0));
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await busy.Closed.TestTime();
        await draining.TestTime();
    }

    [Fact]
    public async Task Draining_gives_up_after_its_time_and_the_end_takes_what_is_left()
    {
        await using TestGateway gateway = new();
        using EchoServer echo = new();
        SshConnection busy = await gateway.ConnectAsync();
        await OpenAsync(busy, echo);
        Task draining = gateway.Server.DrainAsync(TimeSpan.FromSeconds(60), default);
        gateway.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(draining.IsCompleted);
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        await draining.TestTime();
        Assert.False(busy.Closed.IsCompleted);
        await gateway.Server.DisposeAsync().AsTask().TestTime();
        await busy.Closed.TestTime();
        Assert.Equal("the gateway is stopping", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail);
        Assert.Equal(GatewayEventKind.Stopped, gateway.Events.All[^1].Event);
    }

    private static Task<Channel> OpenAsync(SshConnection client, EchoServer echo) => client.OpenTcpAsync("127.0.0.1", echo.Port, "::1", 1).AsTask().TestTime();
}

using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Configuration;
using Adit.Gateway.Policy;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Gateway.Tests.Policy;

/// <summary>Only addresses that were judged are dialled, and each name is looked up once.</summary>
public sealed class PolicyDialerTests : IDisposable
{
    private static readonly ConnectionOrigin Origin = new("192.0.2.7", 50000);

    private readonly TcpListener _target = new(IPAddress.Loopback, 0);
    private readonly List<string> _lookedUp = [];
    private IPAddress[] _found = [IPAddress.Loopback];

    public PolicyDialerTests() => _target.Start();

    private int Port => ((IPEndPoint)_target.LocalEndpoint).Port;

    public void Dispose() => _target.Dispose();

    [Fact]
    public async Task A_permitted_name_is_looked_up_once_and_dialled()
    {
        DialedConnection dialed = await DialAsync("db:* !10.0.0.0/8:*", "db").TestTime();
        using Socket accepted = await _target.AcceptSocketAsync().TestTime();
        await dialed.Duplex.SendAsync([1, 2, 3], complete: true);
        byte[] got = new byte[4];
        Assert.Equal(3, await accepted.ReceiveAsync(got));
        Assert.Equal(["db"], _lookedUp);
        await dialed.Duplex.DisposeAsync();
    }

    [Fact]
    public async Task A_permitted_name_that_leads_into_a_forbidden_block_is_not_dialled()
    {
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync("db:* !127.0.0.0/8:*", "db")).TestTime();
        Assert.Equal((DialFailure.Prohibited, "AditPermitOpen: 127.0.0.1 is forbidden by the rule !127.0.0.0/8:*"), (e.Failure, e.Reason));
        Assert.False(_target.Pending());
    }

    [Fact]
    public async Task Of_several_addresses_only_the_permitted_ones_are_dialled()
    {
        using TcpListener forbidden = new(IPAddress.Parse("127.0.0.2"), Port);
        forbidden.Start();
        _found = [IPAddress.Parse("127.0.0.2"), IPAddress.Loopback];
        DialedConnection dialed = await DialAsync("db:* !127.0.0.2:*", "db").TestTime();
        using Socket accepted = await _target.AcceptSocketAsync().TestTime();
        Assert.False(forbidden.Pending());
        await dialed.Duplex.DisposeAsync();
    }

    [Theory]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0.0.0.0")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("0x7f.0.0.1")]
    public async Task A_literal_is_judged_as_the_address_that_it_is_and_never_looked_up(string literal)
    {
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync("*:* !127.0.0.0/8:*", literal)).TestTime();
        Assert.Equal(DialFailure.Prohibited, e.Failure);
        Assert.Empty(_lookedUp);
        Assert.False(_target.Pending());
    }

    [Fact]
    public async Task A_name_without_addresses_is_not_found()
    {
        _found = [];
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync("*:*", "db")).TestTime();
        Assert.NotEqual(DialFailure.Prohibited, e.Failure);
    }

    [Fact]
    public async Task A_failed_look_up_is_told_as_such()
    {
        var dialer = new PolicyDialer(() => PolicyOf("*:*"), static (_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)));
        DialException e = await Assert.ThrowsAsync<DialException>(() => dialer.DialAsync(Endpoint.Tcp("db", 1), Origin, default).AsTask()).TestTime();
        Assert.Equal(DialFailure.NameNotFound, e.Failure);
    }

    [Fact]
    public async Task A_look_up_that_hangs_ends_with_the_attempt()
    {
        using var giveUp = new CancellationTokenSource();
        var dialer = new PolicyDialer(() => PolicyOf("*:*"), static (_, _) => new TaskCompletionSource<IPAddress[]>().Task);
        Task dialing = dialer.DialAsync(Endpoint.Tcp("db", 1), Origin, giveUp.Token).AsTask();
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialing.TestTime());
    }

    [Fact]
    public async Task The_rules_of_the_moment_after_the_look_up_count()
    {
        ForwardPolicy policy = PolicyOf("*:*");
        var dialer = new PolicyDialer(() => policy, (_, _) =>
        {
            policy = PolicyOf("*:* !127.0.0.0/8:*");
            return Task.FromResult(_found);
        });
        DialException e = await Assert.ThrowsAsync<DialException>(() => dialer.DialAsync(Endpoint.Tcp("db", Port), Origin, default).AsTask()).TestTime();
        Assert.Equal(DialFailure.Prohibited, e.Failure);
    }

    private Task<DialedConnection> DialAsync(string rules, string host)
    {
        var dialer = new PolicyDialer(() => PolicyOf(rules), (name, _) =>
        {
            _lookedUp.Add(name);
            return Task.FromResult(_found);
        });
        return dialer.DialAsync(Endpoint.Tcp(host, Port), Origin, CancellationToken.None).AsTask();
    }

    private static ForwardPolicy PolicyOf(string rules) => new(new() { AditPermitOpen = [.. rules.Split(' ').Select(EndpointRule.Parse)] }, KeyOptions.None);
}

using Adit.Proxies;
using Adit.Relay;
using Adit.Socks;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Proxies;

public sealed class Socks5DialerTests : ProxyTest
{
    private const string Refusal = "the proxy proxy.example:1080 ";

    private static readonly Endpoint Proxy = Endpoint.Parse("proxy.example:1080");
    private static readonly byte[] Request = [5, 1, 0, 3, 11, .. "db.internal"u8, 0x15, 0x38];
    private static readonly byte[] Succeeded = [5, 0, 0, 1, 10, 0, 0, 1, 1, 2];

    [Theory]
    [InlineData("05000001" + "0a000001" + "0102", false)]
    [InlineData("05000004" + "20010db8000000000000000000000001" + "0102", false)]
    [InlineData("05000003" + "026162" + "0102", false)]
    [InlineData("05000003" + "026162" + "0102", true)]
    public async Task A_proxy_that_agrees_leads_to_the_target_and_what_it_sends_behind_its_answer_is_the_targets(string reply, bool slowly)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(slowly: slowly));
        MemoryDuplex proxy = await ProxyAsync();
        await HearAsync(proxy, [5, 1, 0]);
        await proxy.SendAsync([5, 0]);
        await HearAsync(proxy, Request);
        await proxy.SendAsync([.. Convert.FromHexString(reply), 7, 8]);
        DialedConnection dialed = await dialing.TestTime();
        Assert.Equal("this machine → proxy.example:1080 (PLAINTEXT) → db.internal:5432 (PLAINTEXT)", dialed.Route.ToString());
        Assert.Equal([7, 8], await dialed.Duplex.ReadExactlyAsync(2).TestTime());
        await dialed.Duplex.SendAsync([1], complete: true);
        Assert.Equal([1], await proxy.ReadToEndAsync().TestTime());
    }

    [Theory]
    [InlineData("192.0.2.1:256", "01c00002010100")]
    [InlineData("[2001:db8::1]:256", "0420010db80000000000000000000000010100")]
    public async Task An_address_is_named_as_one(string target, string named)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(), Endpoint.Parse(target));
        MemoryDuplex proxy = await ProxyAsync();
        await proxy.SendAsync([5, 0, .. Succeeded]);
        await HearAsync(proxy, [5, 1, 0, 5, 1, 0, .. Convert.FromHexString(named)]);
        await dialing.TestTime();
    }

    [Fact]
    public async Task A_login_is_made_where_the_proxy_wants_one()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(new ProxyCredentials("joe", "s\u00e9c")));
        MemoryDuplex proxy = await ProxyAsync();
        await HearAsync(proxy, [5, 2, 0, 2]);
        await proxy.SendAsync([5, 2]);
        await HearAsync(proxy, [1, 3, .. "joe"u8, 4, (byte)'s', 0xc3, 0xa9, (byte)'c']);
        await proxy.SendAsync([1, 0]);
        await HearAsync(proxy, Request);
        await proxy.SendAsync(Succeeded);
        await dialing.TestTime();
    }

    [Fact]
    public async Task A_login_is_kept_back_where_the_proxy_wants_none()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(new ProxyCredentials("joe", "secret")));
        MemoryDuplex proxy = await ProxyAsync();
        await HearAsync(proxy, [5, 2, 0, 2]);
        await proxy.SendAsync([5, 0]);
        await HearAsync(proxy, Request);
        await proxy.SendAsync(Succeeded);
        await dialing.TestTime();
    }

    [Theory]
    [InlineData("0101", true, DialFailure.Prohibited, "does not accept the login of joe")]
    [InlineData("05ff", false, DialFailure.Prohibited, "wants a login")]
    [InlineData("05ff", true, DialFailure.Prohibited, "wants another login than a user name and a password")]
    [InlineData("0502", false, DialFailure.Other, "chose the login 2, which was not offered")]
    [InlineData("0501", true, DialFailure.Other, "chose the login 1, which was not offered")]
    public async Task A_proxy_that_does_not_let_its_client_in_is_told_of(string answer, bool hasLogin, DialFailure failure, string why)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(hasLogin ? new ProxyCredentials("joe", "secret") : null));
        byte[] bytes = Convert.FromHexString(answer);
        await (await ProxyAsync()).SendAsync(bytes[0] == 1 ? [5, 2, .. bytes] : bytes);
        await AssertRefusedAsync(dialing, failure, Refusal + why);
        AssertIsGone();
    }

    [Theory]
    [InlineData(1, DialFailure.Other, "it failed")]
    [InlineData(2, DialFailure.Prohibited, "its rules do not allow it")]
    [InlineData(3, DialFailure.Unreachable, "the network is unreachable")]
    [InlineData(4, DialFailure.Unreachable, "the host is unreachable or not known")]
    [InlineData(5, DialFailure.Refused, "the connection was refused")]
    [InlineData(6, DialFailure.TimedOut, "there was no answer in time")]
    [InlineData(7, DialFailure.Other, "it does not serve CONNECT")]
    [InlineData(8, DialFailure.Other, "it does not serve this type of address")]
    [InlineData(99, DialFailure.Other, "it failed with the code 99")]
    public async Task A_proxys_refusal_is_told_in_words(byte code, DialFailure failure, string words)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer());
        await (await ProxyAsync()).SendAsync([5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
        await AssertRefusedAsync(dialing, failure, Refusal + "answered that " + words);
        AssertIsGone();
    }

    [Theory]
    [InlineData("48", DialFailure.Other, "it speaks no SOCKS 5: its first byte is 0x48")]
    [InlineData("0500" + "04", DialFailure.Other, "its SOCKS 5 reply begins with the version 4")]
    [InlineData("0500" + "05000009", DialFailure.Other, "its SOCKS 5 reply has an address of the unknown type 9")]
    [InlineData("", DialFailure.ConnectionLost, "it closed the connection instead of an answer")]
    [InlineData("0500" + "05000003ff61", DialFailure.ConnectionLost, "it closed the connection instead of an answer")]
    public async Task What_is_no_SOCKS_proxy_is_told_of(string answer, DialFailure failure, string why)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer());
        await (await ProxyAsync()).SendAsync(Convert.FromHexString(answer), complete: true);
        await AssertRefusedAsync(dialing, failure, "the proxy proxy.example:1080: " + why);
        AssertIsGone();
    }

    [Fact]
    public async Task An_answer_to_the_login_of_another_version_is_told_of()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(new ProxyCredentials("joe", "secret")));
        await (await ProxyAsync()).SendAsync([5, 2, 5, 0]);
        await AssertRefusedAsync(dialing, DialFailure.Other, "the proxy proxy.example:1080: its answer to the login begins with the version 5");
    }

    [Fact]
    public async Task A_proxy_that_is_silent_is_waited_for_as_long_as_the_caller_wants()
    {
        using CancellationTokenSource cancel = new();
        Task<DialedConnection> dialing = DialAsync(Dialer(), cancellationToken: cancel.Token);
        await HearAsync(await ProxyAsync(), [5, 1, 0]);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialing).TestTime();
        AssertIsGone();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(256, 1)]
    [InlineData(1, 256)]
    public void A_login_that_does_not_fit_is_refused(int user, int password) =>
        Assert.Throws<FormatException>(() => Dialer(new ProxyCredentials(new string('u', user), new string('p', password))));

    [Theory]
    [InlineData("db.internal:5432")]
    [InlineData("192.0.2.1:80")]
    [InlineData("[2001:db8::1]:65535")]
    public async Task The_dialer_and_the_listener_of_this_project_understand_each_other(string target)
    {
        FakeIncoming incoming = new(null, gone: false);
        SocksConnection listening = new(incoming);
        Socks5Dialer dialer = new(new FixedDialer(incoming.Client), Proxy);
        Task<DialedConnection> dialing = DialAsync(dialer, Endpoint.Parse(target));
        Assert.Equal(Endpoint.Parse(target), await listening.NameTargetAsync(default).AsTask().TestTime());
        Duplex accepted = await listening.AcceptAsync(default).AsTask().TestTime();
        DialedConnection dialed = await dialing.TestTime();
        await dialed.Duplex.SendAsync([1, 2, 3]);
        Assert.Equal([1, 2, 3], await accepted.ReadExactlyAsync(3).TestTime());
    }

    private Socks5Dialer Dialer(ProxyCredentials? credentials = null, bool slowly = false) =>
        new(slowly ? new SlowDialer(Inner) : Inner, Proxy, credentials);

    private sealed class FixedDialer(Duplex duplex) : IDialer
    {
        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
            new(new DialedConnection(duplex, new Route(new Leg("this machine", target.ToString(), LegProtection.None))));
    }
}

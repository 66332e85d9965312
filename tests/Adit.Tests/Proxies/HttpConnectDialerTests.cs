using System.Text;
using Adit.Proxies;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Proxies;

public sealed class HttpConnectDialerTests : ProxyTest
{
    private const string Request = "CONNECT db.internal:5432 HTTP/1.1\r\nHost: db.internal:5432\r\n";
    private const string Refusal = "the proxy proxy.example:3128 ";

    private static readonly Endpoint Proxy = Endpoint.Parse("proxy.example:3128");

    [Theory]
    [InlineData("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", false)]
    [InlineData("HTTP/1.0 299\nContent-Length: 5\n\n", false)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", true)]
    public async Task A_proxy_that_agrees_leads_to_the_target_and_what_it_sends_behind_its_answer_is_the_targets(string answer, bool slowly)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(slowly: slowly));
        MemoryDuplex proxy = await ProxyAsync();
        await HearAsync(proxy, Request + "\r\n");
        await proxy.SendAsync(Encoding.ASCII.GetBytes(answer + "hello"));
        DialedConnection dialed = await dialing.TestTime();
        Assert.Equal("this machine → proxy.example:3128 (PLAINTEXT) → db.internal:5432 (PLAINTEXT)", dialed.Route.ToString());
        Assert.Equal("hello"u8.ToArray(), await dialed.Duplex.ReadExactlyAsync(5).TestTime());
        await dialed.Duplex.SendAsync([1, 2], complete: true);
        Assert.Equal([1, 2], await proxy.ReadToEndAsync().TestTime());
        await proxy.SendAsync([3], complete: true);
        Assert.Equal([3], await dialed.Duplex.ReadToEndAsync().TestTime());
    }

    [Fact]
    public async Task A_target_on_the_machine_of_the_proxy_stays_on_it()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(), Endpoint.Parse("[::1]:5432"));
        MemoryDuplex proxy = await ProxyAsync();
        await HearAsync(proxy, "CONNECT [::1]:5432 HTTP/1.1\r\nHost: [::1]:5432\r\n\r\n");
        await proxy.SendAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
        Assert.Equal("this machine → proxy.example:3128 (PLAINTEXT) → [::1]:5432 (on proxy.example)", (await dialing.TestTime()).Route.ToString());
    }

    [Fact]
    public async Task Of_a_proxy_on_this_machine_nobody_knows_where_its_connections_begin()
    {
        Task<DialedConnection> dialing = DialAsync(new HttpConnectDialer(new LocalProxyDialer(Inner), Proxy), Endpoint.Parse("localhost:5432"));
        await (await ProxyAsync()).SendAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
        Assert.Equal("this machine → proxy.example:3128 (this machine) → localhost:5432 (PLAINTEXT)", (await dialing.TestTime()).Route.ToString());
    }

    [Fact]
    public async Task A_login_and_further_lines_are_sent_with_the_request()
    {
        ProxyCredentials credentials = new("Aladdin", "open sesame");
        Task<DialedConnection> dialing = DialAsync(new HttpConnectDialer(Inner, Proxy, credentials, ["X-One: 1", "X-Two:\t2"]));
        MemoryDuplex proxy = await ProxyAsync();
        await HearAsync(proxy, Request + "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nX-One: 1\r\nX-Two:\t2\r\n\r\n");
        await proxy.SendAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
        await dialing.TestTime();
        Assert.DoesNotContain("sesame", credentials.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\n\r\n", DialFailure.Prohibited, "answered \"HTTP/1.1 403 Forbidden\"")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\n\r\n", DialFailure.Prohibited, "answered \"HTTP/1.1 401 Unauthorized\"")]
    [InlineData("HTTP/1.1 407 Login\r\n\r\n", DialFailure.Prohibited, "wants a login: \"HTTP/1.1 407 Login\"")]
    [InlineData("HTTP/1.1 504 Gateway Timeout\r\n\r\n", DialFailure.TimedOut, "answered \"HTTP/1.1 504 Gateway Timeout\"")]
    [InlineData("HTTP/1.1 502 Bad\u001b[2J\r\n\r\n", DialFailure.Unreachable, "answered \"HTTP/1.1 502 Bad\\x1b[2J\"")]
    [InlineData("HTTP/1.1 101 Switching\r\n\r\n", DialFailure.Other, "answered \"HTTP/1.1 101 Switching\"")]
    [InlineData("HTTP/1.1 302 Found\r\n\r\n", DialFailure.Other, "answered \"HTTP/1.1 302 Found\"")]
    [InlineData("HTTP/2 200\r\n\r\n", DialFailure.Other, "does not speak HTTP/1")]
    [InlineData("SSH-2.0-x\r\n", DialFailure.Other, "does not speak HTTP/1")]
    [InlineData("HTTP/1.1 2000\r\n\r\n", DialFailure.Other, "answered with a malformed status line")]
    [InlineData("HTTP/1.1 +20\r\n\r\n", DialFailure.Other, "answered with a malformed status line")]
    [InlineData("HTTP/1.1\r\n\r\n", DialFailure.Other, "answered with a malformed status line")]
    public async Task A_proxy_that_does_not_agree_is_quoted(string answer, DialFailure failure, string why)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer());
        await (await ProxyAsync()).SendAsync(Encoding.ASCII.GetBytes(answer));
        await AssertRefusedAsync(dialing, failure, Refusal + why);
        AssertIsGone();
    }

    [Theory]
    [InlineData("407 Again")]
    [InlineData("401 Unauthorized")]
    public async Task A_login_that_is_not_accepted_is_told_of_without_its_password(string status)
    {
        Task<DialedConnection> dialing = DialAsync(Dialer(new ProxyCredentials("joe", "secret")));
        await (await ProxyAsync()).SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n\r\n"));
        await AssertRefusedAsync(dialing, DialFailure.Prohibited, Refusal + $"does not accept the login of joe: \"HTTP/1.1 {status}\"");
    }

    [Fact]
    public async Task A_header_of_any_length_is_not_taken()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer());
        byte[] endless = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nX: " + new string('x', HttpResponseHead.MaxBytes));
        await (await ProxyAsync()).SendAsync(endless);
        await AssertRefusedAsync(dialing, DialFailure.Other, Refusal + "answered with a header of more than 16384 bytes");
        AssertIsGone();
    }

    [Fact]
    public async Task Interim_responses_have_a_limit()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer());
        byte[] interim = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("HTTP/1.1 102 Wait\r\n\r\n", HttpConnectDialer.MaxInterim + 1)));
        await (await ProxyAsync()).SendAsync(interim);
        await AssertRefusedAsync(dialing, DialFailure.Other, Refusal + "sent more than 5 interim responses and no answer");
    }

    [Fact]
    public async Task A_proxy_that_closes_the_connection_is_told_of()
    {
        Task<DialedConnection> dialing = DialAsync(Dialer());
        await (await ProxyAsync()).SendAsync("HTTP/1.1 2"u8.ToArray(), complete: true);
        await AssertRefusedAsync(dialing, DialFailure.ConnectionLost, "the proxy proxy.example:3128: it closed the connection instead of an answer");
        AssertIsGone();
    }

    [Fact]
    public async Task A_proxy_that_cannot_be_reached_is_told_of()
    {
        HttpConnectDialer dialer = new(Inner, Endpoint.Parse("refused:1"));
        await AssertRefusedAsync(DialAsync(dialer), DialFailure.Refused, "the proxy refused:1 cannot be reached: connection refused");
    }

    [Fact]
    public async Task A_proxy_that_is_silent_is_waited_for_as_long_as_the_caller_wants()
    {
        using CancellationTokenSource cancel = new();
        Task<DialedConnection> dialing = DialAsync(Dialer(), cancellationToken: cancel.Token);
        await HearAsync(await ProxyAsync(), Request + "\r\n");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialing).TestTime();
        AssertIsGone();
    }

    [Theory]
    [InlineData("a:b", "c")]
    [InlineData("a", "b\r\nX: y")]
    public void A_login_that_would_be_another_is_refused(string user, string password) =>
        Assert.Throws<FormatException>(() => Dialer(new ProxyCredentials(user, password)));

    [Theory]
    [InlineData("X: y\r\nZ: 1")]
    [InlineData(": y")]
    [InlineData("no colon")]
    public void A_line_that_would_be_another_is_refused(string header) =>
        Assert.Throws<FormatException>(() => new HttpConnectDialer(Inner, Proxy, headers: [header]));

    [Fact]
    public async Task Only_names_in_ASCII_go_into_the_request()
    {
        DialException refused = await Assert.ThrowsAsync<DialException>(() => DialAsync(Dialer(), Endpoint.Tcp("d\u00e4.example", 1))).TestTime();
        Assert.Contains("xn--", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => DialAsync(Dialer(), Endpoint.Unix("/run/x"))).TestTime();
    }

    private HttpConnectDialer Dialer(ProxyCredentials? credentials = null, bool slowly = false) =>
        new(slowly ? new SlowDialer(Inner) : Inner, Proxy, credentials);

    private sealed class LocalProxyDialer(IDialer inner) : IDialer
    {
        public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            DialedConnection dialed = await inner.DialAsync(target, origin, cancellationToken);
            return dialed with { Route = new Route(dialed.Route.Legs[0] with { Within = "this machine" }) };
        }
    }
}

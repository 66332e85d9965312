using System.Globalization;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>TLS servers behind tinyproxy, for adit and for stunnel: <c>protocol = connect</c>.</summary>
public sealed class ServiceProxyTests(ITestOutputHelper output) : TlsTest(output)
{
    private const string Login = "joe:s3cret";
    private const string Right = "protocolUsername = joe\nprotocolPassword = s3cret\n";
    private const string Wrong = "protocolUsername = joe\nprotocolPassword = wr0ng\n";

    [AditTheory]
    [InlineData(true, "", "")]
    [InlineData(true, Login, Right)]
    [InlineData(false, "", "")]
    [InlineData(false, Login, Right)]
    public async Task A_server_is_reached_over_it_and_its_certificate_is_held_to_the_name_that_counts(bool isAdit, string login, string options)
    {
        await using var echo = TcpService.Echo();
        var (proxy, near, other) = (await StartProxyAsync(login), LoopbackPort.Free(), LoopbackPort.Free());
        var far = await StartServerAsync(isAdit, echo);
        await StartAsync(
            isAdit,
            Client(near, proxy.Port, $"{Connect(far)}{options}{Verifies("localhost")}") + Client(other, proxy.Port, $"{Connect(far)}{options}{Verifies("other.example")}", "other"),
            near, other);

        Assert.True(await EchoesAsync(near));
        Assert.False(await EchoesAsync(other));
        await proxy.AskedAsync(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{far}"));
    }

    [AditTheory]
    [InlineData(true, "no login", "", @"the proxy 127\.0\.0\.1:\d+ wants a login: ""HTTP/1\.0 407 ")]
    [InlineData(true, "wrong password", Wrong, @"the proxy 127\.0\.0\.1:\d+ does not accept the login of joe: ""HTTP/1\.0 401 Unauthorized""")]
    [InlineData(true, "port not permitted", Right, @"the proxy 127\.0\.0\.1:\d+ answered ""HTTP/1\.1 403 Access violation""")]
    [InlineData(true, "nobody there", Right, @"the proxy 127\.0\.0\.1:\d+ answered ""HTTP/1\.1 500 Unable to connect""")]
    [InlineData(false, "no login", "", "CONNECT request rejected")]
    [InlineData(false, "wrong password", Wrong, "CONNECT request rejected")]
    [InlineData(false, "port not permitted", Right, "CONNECT request rejected")]
    [InlineData(false, "nobody there", Right, "CONNECT request rejected")]
    public async Task What_it_refuses_is_told_and_reaches_nothing(bool isAdit, string why, string options, string said)
    {
        await using var echo = TcpService.Echo();
        var proxy = await StartProxyAsync(Login, why is "port not permitted" ? 443 : null);
        var near = LoopbackPort.Free();
        var far = await StartServerAsync(isAdit, echo);
        var client = await StartAsync(isAdit, Client(near, proxy.Port, $"{Connect(why is "nobody there" ? LoopbackPort.Free() : far)}{options}{Verifies("localhost")}"), near);

        Assert.False(await EchoesAsync(near));

        await client.ErrorAsync(said);
        Assert.DoesNotContain("wr0ng", client.Error.Text, StringComparison.Ordinal);
        Assert.Empty(echo.Accepted);
    }

    private static string Connect(int far) => string.Create(CultureInfo.InvariantCulture, $"protocol = connect\nprotocolHost = 127.0.0.1:{far}\n");

    // The other one of both.
    private async Task<int> StartServerAsync(bool isAdit, TcpService target)
    {
        var far = LoopbackPort.Free();
        await StartAsync(!isAdit, Server(far, target.Port, Authority.Issue("localhost")), far);
        return far;
    }

    private async Task<ProxyPeer> StartProxyAsync(string login, int? permitted = null)
    {
        var proxy = await ProxyPeer.StartAsync("http", login, permitted);
        return Own(proxy, () => proxy.Log);
    }
}

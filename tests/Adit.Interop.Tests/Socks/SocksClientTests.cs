using System.Globalization;
using Adit.Interop.Tests.Peers;
using Adit.OpenSsh;
using Adit.Relay;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Socks;

/// <summary>The SOCKS listener and the clients that people have.</summary>
public sealed class SocksClientTests(ITestOutputHelper output) : SocksTest(output)
{
    [Theory]
    [InlineData("--socks4", "127.0.0.1", "127.0.0.1")]
    [InlineData("--socks4a", "db.internal", "db.internal")]
    [InlineData("--socks4a", "127.0.0.1", "127.0.0.1")]
    [InlineData("--socks5", "127.0.0.1", "127.0.0.1")]
    [InlineData("--socks5", "[::1]", "[::1]")]
    [InlineData("--socks5-hostname", "db.internal", "db.internal")]
    [InlineData("--socks5-hostname", "[::1]", "[::1]")]
    public async Task Curl_reaches_a_page_and_names_are_looked_up_at_the_far_side(string option, string host, string asked)
    {
        WebServer web = StartWeb();
        string proxy = await ServeAsync();
        Assert.Equal(Page, await ChildProcess.RunAsync(Curl(option, proxy, "-H", "Host: web", $"http://{host}:{web.Port}/")));
        Assert.Equal([$"{asked}:{web.Port}"], Asked.Select(static target => target.ToString()));
    }

    [Theory]
    [InlineData("--socks4a", "db.internal", "(91)")]
    [InlineData("--socks5-hostname", "db.internal", "(5)")]
    public async Task Curl_is_told_why_there_is_no_connection(string option, string host, string reason)
    {
        string proxy = await ServeAsync();
        await using ChildProcess curl = await ChildProcess.StartAsync(
            Curl(option, proxy, string.Create(CultureInfo.InvariantCulture, $"http://{host}:{LoopbackPort.Free()}/")));
        Assert.Equal(97, await curl.ExitAsync());
        Assert.Contains(reason, curl.Error.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Curl_that_is_told_to_use_an_HTTP_proxy_shows_what_is_wrong()
    {
        string proxy = await ServeAsync();
        string answer = await ChildProcess.RunAsync(Curl("--proxy", $"http://{proxy}", "http://db.internal/"));
        Assert.Equal("This is a SOCKS port, not an HTTP proxy. Set it as the SOCKS proxy of your program.\n", answer);
        Assert.Empty(Asked);
    }

    [Fact]
    public async Task Curl_reaches_only_what_PermitRemoteOpen_permits()
    {
        WebServer web = StartWeb();
        Forward forward = Serve(
            await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1")), PermitRemoteOpen.Parse([$"db.internal:{web.Port}"]));
        string proxy = forward.Endpoints[0].ToString();
        Assert.Equal(Page, await ChildProcess.RunAsync(Curl("--socks5-hostname", proxy, $"http://db.internal:{web.Port}/")));
        await using ChildProcess curl = await ChildProcess.StartAsync(Curl("--socks5-hostname", proxy, $"http://other.internal:{web.Port}/"));
        Assert.Equal(97, await curl.ExitAsync());
        Assert.Contains("(2)", curl.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4", "127.0.0.1")]
    [InlineData("5", "db.internal")]
    public async Task Nc_exchanges_bytes_and_ends_one_direction_before_the_other(string version, string host)
    {
        TcpService echo = Own(TcpService.Echo());
        string proxy = await ServeAsync();
        string port = echo.Port.ToString(CultureInfo.InvariantCulture);
        Assert.Equal("one\ntwo\n", await ChildProcess.RunAsync(new("nc", "-N", "-X", version, "-x", proxy, host, port), "one\ntwo\n"));
        Assert.Equal([$"{host}:{port}"], Asked.Select(static target => target.ToString()));
    }

    internal static ChildProcessStart Curl(params IReadOnlyList<string> arguments) =>
        new("curl", ["--silent", "--show-error", "--max-time", "20", "--noproxy", "", .. arguments]);
}

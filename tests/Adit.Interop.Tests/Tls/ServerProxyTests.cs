using System.Globalization;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>An SSH server behind tinyproxy and microsocks.</summary>
public sealed class ServerProxyTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string Login = "joe:s3cret";

    [AditTheory]
    [InlineData("http", "")]
    [InlineData("http", Login)]
    [InlineData("socks5", "")]
    [InlineData("socks5", Login)]
    public async Task A_server_is_reached_over_it_and_over_nothing_else(string kind, string login)
    {
        await using var checksum = TcpService.Checksum();
        var sshd = await StartSshdAsync();
        var proxy = await StartProxyAsync(kind, login);
        // Both ways to say it: a password does not belong on a command line.
        using var files = await SshClientFiles.CreateAsync(sshd, login.Length > 0 ? [$"AditProxy {proxy.Url(login)}"] : []);

        var tunnel = await OpenTunnelAsync(files, checksum.Port, ["-v", .. login.Length > 0 ? (string[])[] : ["--proxy", proxy.Url()]]);
        await Bulk.SendAsync(tunnel.Port, 1_000_000);

        await proxy.AskedAsync(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{sshd.Port}"));
        Assert.Contains(sshd.Port, PortsOf(proxy.Pid));
        Assert.DoesNotContain(sshd.Port, PortsOf(tunnel.Adit.Pid));
        Assert.DoesNotContain("s3cret", tunnel.Adit.Error.Text, StringComparison.Ordinal);
        await EndAsync(tunnel.Adit);
        await sshd.UntilNoConnectionAsync();
    }

    [AditTheory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task Names_are_looked_up_there(string kind)
    {
        var sshd = await StartSshdAsync();
        var proxy = await StartProxyAsync(kind);
        using var files = await SshClientFiles.CreateAsync(sshd, "HostName localhost", string.Create(CultureInfo.InvariantCulture, $"HostKeyAlias [127.0.0.1]:{sshd.Port}"));

        await OpenTunnelAsync(files, 9, "--proxy", proxy.Url());

        await proxy.AskedAsync(string.Create(CultureInfo.InvariantCulture, $"localhost:{sshd.Port}"));
    }

    [AditTheory]
    [InlineData("http", "no login", "PROXY wants a login: \"HTTP/1.0 407 Proxy Authentication Required\"")]
    [InlineData("http", "wrong password", "PROXY does not accept the login of joe: \"HTTP/1.0 401 Unauthorized\"")]
    [InlineData("http", "port not permitted", "PROXY answered \"HTTP/1.1 403 Access violation\"")]
    [InlineData("http", "nobody there", "PROXY answered \"HTTP/1.1 500 Unable to connect\"")]
    [InlineData("http", "unknown name", "PROXY answered \"HTTP/1.1 500 Unable to connect\"")]
    [InlineData("http", "no proxy", "PROXY cannot be reached: connection refused")]
    [InlineData("http", "other proxy", "PROXY does not speak HTTP/1")]
    [InlineData("socks5", "no login", "PROXY wants a login")]
    [InlineData("socks5", "wrong password", "PROXY does not accept the login of joe")]
    [InlineData("socks5", "nobody there", "PROXY answered that the connection was refused")]
    [InlineData("socks5", "unknown name", "PROXY answered that it failed")]
    [InlineData("socks5", "no proxy", "PROXY cannot be reached: connection refused")]
    [InlineData("socks5", "other proxy", "the server did not answer within 1 s (ConnectTimeout)")] // which waits for a line
    public async Task What_the_proxy_refuses_is_said_and_ends_the_command(string kind, string why, string said)
    {
        var sshd = await StartSshdAsync();
        var other = kind is "http" ? "socks5" : "http";
        var login = why is "no login" or "wrong password" ? Login : "";
        var proxy = await StartProxyAsync(why is "other proxy" ? other : kind, login, why is "port not permitted" ? 443 : null);
        var url = why switch
        {
            "wrong password" => proxy.Url("joe:wr0ng"),
            "other proxy" => proxy.Url().Replace(other, kind, StringComparison.Ordinal),
            "no proxy" => string.Create(CultureInfo.InvariantCulture, $"{kind}://127.0.0.1:{LoopbackPort.Free()}"),
            _ => proxy.Url(),
        };
        using var files = await SshClientFiles.CreateAsync(sshd, why switch
        {
            "nobody there" => [string.Create(CultureInfo.InvariantCulture, $"Port {LoopbackPort.Free()}")],
            "unknown name" => ["HostName nowhere.invalid"],
            "other proxy" => ["ConnectTimeout 1"],
            _ => [],
        });

        var adit = await FailToOpenAsync(files, "--proxy", url);

        Assert.Contains(said.Replace("PROXY", $"the proxy {url.Split('/', '@')[^1]}", StringComparison.Ordinal), adit.Error.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng", adit.Error.Text, StringComparison.Ordinal);
    }

    private static IEnumerable<int> PortsOf(int pid) => LoopbackPort.ConnectionsOf(pid).Select(static far => far.Port);

    private async Task<ProxyPeer> StartProxyAsync(string kind, string login = "", int? permitted = null)
    {
        var proxy = await ProxyPeer.StartAsync(kind, login, permitted);
        return Own(proxy, () => proxy.Log);
    }
}

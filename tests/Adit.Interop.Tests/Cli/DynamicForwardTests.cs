using System.Net;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Adit.Interop.Tests.Socks;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-D, and -R with a port alone: SOCKS at this end and at the other.</summary>
public sealed class DynamicForwardTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string Page = "the page behind the tunnel";

    private static readonly (string Option, string Host)[] Ways =
        [("--socks4", "127.0.0.1"), ("--socks4a", "localhost"), ("--socks5", "127.0.0.1"), ("--socks5-hostname", "localhost"), ("--socks5-hostname", "127.0.0.1")];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task D_serves_every_kind_of_SOCKS_here_and_the_server_dials(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var web = SocksTest.WebServer.Start(LoopbackPort.Free(), Page);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-D", $"{port}");
        await LoopbackPort.UntilListeningAsync(port, adit);
        Assert.All(LoopbackPort.Listeners(port), static address => Assert.True(IPAddress.IsLoopback(address), $"listens on {address}"));

        foreach (var (option, host) in Ways)
            Assert.Equal((option, Page), (option, await ChildProcess.RunAsync(Curl(option, port, host, web.Port))));
        if (kind is "sshd")
            await server.LoggedAsync($"target localhost port {web.Port}");
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task R_with_a_port_alone_serves_every_kind_of_SOCKS_at_the_server_and_the_client_dials(string kind)
    {
        // The server itself may dial nobody.
        var server = await StartServerAsync(kind, "AllowTcpForwarding remote");
        await using var web = SocksTest.WebServer.Start(LoopbackPort.Free(), Page);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-R", $"{port}");
        await LoopbackPort.UntilListeningAsync(port, adit);
        Assert.All(LoopbackPort.Listeners(port), static address => Assert.True(IPAddress.IsLoopback(address), $"listens on {address}"));

        foreach (var (option, host) in Ways)
            Assert.Equal((option, Page), (option, await ChildProcess.RunAsync(Curl(option, port, host, web.Port))));
    }

    [Theory]
    [InlineData("127.0.0.2:", "127.0.0.2")]
    [InlineData("[::1]:", "::1")]
    [InlineData("0.0.0.0:", "0.0.0.0")]
    public async Task D_listens_where_it_is_told(string bind, string address)
    {
        var server = await StartServerAsync("sshd");
        var port = LoopbackPort.Free();

        var adit = await StartTunnelAsync(server, "-D", $"{bind}{port}");
        await LoopbackPort.UntilListeningAsync(port, adit, IPAddress.Parse(address).AddressFamily);

        Assert.Equal([IPAddress.Parse(address)], LoopbackPort.Listeners(port));
    }

    [Fact]
    public async Task DynamicForward_in_the_configuration_is_D()
    {
        var server = await StartServerAsync("sshd");
        await using var web = SocksTest.WebServer.Start(LoopbackPort.Free(), Page);
        var port = LoopbackPort.Free();
        server.Client.Configure($"DynamicForward {port}");

        var adit = await StartTunnelAsync(server);
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal(Page, await ChildProcess.RunAsync(Curl("--socks5-hostname", port, "localhost", web.Port)));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_target_that_refuses_ends_that_connection_alone(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var web = SocksTest.WebServer.Start(LoopbackPort.Free(), Page);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-D", $"{port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        await using var curl = await ChildProcess.StartAsync(Curl("--socks5", port, "127.0.0.1", LoopbackPort.Free()));

        Assert.NotEqual(0, await curl.ExitAsync());
        await adit.ErrorAsync("(?i)connection refused");
        Assert.Equal(Page, await ChildProcess.RunAsync(Curl("--socks5", port, "127.0.0.1", web.Port)));
    }

    [Theory]
    [InlineData("{port}")]
    [InlineData("127.0.0.1:{port}")]
    public async Task Bytes_that_are_no_SOCKS_end_that_connection_alone(string listen)
    {
        var server = await StartServerAsync("sshd");
        await using var web = SocksTest.WebServer.Start(LoopbackPort.Free(), Page);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-D", listen.Replace("{port}", $"{port}", StringComparison.Ordinal));
        await LoopbackPort.UntilListeningAsync(port, adit);

        using (var socket = await ServerTest.DialAsync(port))
        {
            await socket.SendAsync(new byte[] { 9, 9, 9, 9 });
            await ServerTest.AssertEndsAsync(socket, () => adit.Log);
        }

        Assert.Equal(Page, await ChildProcess.RunAsync(Curl("--socks5", port, "127.0.0.1", web.Port)));
    }

    [Theory]
    [InlineData("PermitRemoteOpen any", true)]
    [InlineData("PermitRemoteOpen localhost:{port}", true)]
    [InlineData("PermitRemoteOpen other:1 localhost:*", true)]
    [InlineData("PermitRemoteOpen *:{port}", true)]
    [InlineData("PermitRemoteOpen none", false)]
    [InlineData("PermitRemoteOpen localhost:1", false)]
    // Names are compared as they are, and not looked up.
    [InlineData("PermitRemoteOpen 127.0.0.1:{port}", false)]
    public async Task PermitRemoteOpen_says_what_clients_of_the_servers_SOCKS_may_reach(string rule, bool permitted)
    {
        var server = await StartServerAsync("sshd");
        await using var web = SocksTest.WebServer.Start(LoopbackPort.Free(), Page);
        var port = LoopbackPort.Free();
        server.Client.Configure(rule.Replace("{port}", $"{web.Port}", StringComparison.Ordinal));
        var adit = await StartTunnelAsync(server, "-R", $"{port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        await using var curl = await ChildProcess.StartAsync(Curl("--socks5-hostname", port, "localhost", web.Port));

        Assert.Equal(permitted, await curl.ExitAsync() == 0);
        Assert.Equal(permitted ? Page : "", curl.Output.Text);
        Assert.False(adit.HasExited);
    }

    [Fact]
    public async Task PermitRemoteOpen_is_not_about_targets_that_the_client_itself_has_named()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-o", "PermitRemoteOpen=none", "-R", $"{port}:localhost:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Bulk.EchoAsync(port);
    }

    private static ChildProcessStart Curl(string option, int proxy, string host, int port) =>
        SocksClientTests.Curl(option, $"127.0.0.1:{proxy}", $"http://{host}:{port}/");
}

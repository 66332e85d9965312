using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Which rules let -R through, to which addresses it is bound, and which rules refuse it.</summary>
[Trait("Surface", "S2-15")]
[Trait("Surface", "S2-16")]
[Trait("Surface", "S2-19")]
[Trait("Surface", "S1-21")]
public sealed class ListenPolicyTests(ITestOutputHelper output) : PolicyTest(output)
{
    private const string Loopback = "127.0.0.1 ::1";
    private const string All = "0.0.0.0 ::";

    [Theory]
    [Trait("Surface", "S2-8")]
    [Trait("Surface", "S2-9")]
    [Trait("Surface", "S2-10")]
    [Trait("Surface", "S2-11")]
    [InlineData("S2-8", "", "", "{port}", Loopback)]
    [InlineData("S2-9", "GatewayPorts no", "", "localhost:{port}", Loopback)]
    [InlineData("S2-9", "GatewayPorts no", "", "*:{port}", Loopback)]
    [InlineData("S2-9", "GatewayPorts no", "", "0.0.0.0:{port}", Loopback)]
    [InlineData("S2-9", "GatewayPorts no", "", "127.0.0.2:{port}", Loopback)]
    [InlineData("S2-9", "GatewayPorts no", "", "192.0.2.1:{port}", Loopback)]
    [InlineData("S2-9", "GatewayPorts no", "", "127.0.0.1:{port}", "127.0.0.1")]
    [InlineData("S2-9", "GatewayPorts no", "", "[::1]:{port}", "::1")]
    [InlineData("S2-10", "GatewayPorts yes", "", "{port}", All)]
    [InlineData("S2-10", "GatewayPorts yes", "", "127.0.0.1:{port}", All)]
    [InlineData("S2-10", "GatewayPorts yes", "", "192.0.2.1:{port}", All)]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "{port}", Loopback)]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "localhost:{port}", Loopback)]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "127.0.0.2:{port}", "127.0.0.2")]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "[::1]:{port}", "::1")]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "*:{port}", All)]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", ":{port}", All)]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "0.0.0.0:{port}", "0.0.0.0")]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "[::]:{port}", "::")]
    [InlineData("S2-11", "GatewayPorts no\nMatch User {user}\nGatewayPorts clientspecified", "", "127.0.0.2:{port}", "127.0.0.2")]
    [InlineData("S2-15", "AllowTcpForwarding yes", "", "{port}", Loopback)]
    [InlineData("S2-15", "AllowTcpForwarding remote", "", "{port}", Loopback)]
    [InlineData("S2-16", "AllowStreamLocalForwarding no", "", "{port}", Loopback)]
    [InlineData("sshd", "MaxSessions 0", "", "{port}", Loopback)]
    // What the client asks for is compared, before GatewayPorts changes it; a bare port is that of any host.
    [InlineData("sshd", "PermitListen any", "", "{port}", Loopback)]
    [InlineData("sshd", "PermitListen {port}", "", "{port}", Loopback)]
    [InlineData("sshd", "PermitListen {port}", "", "127.0.0.1:{port}", "127.0.0.1")]
    [InlineData("sshd", "PermitListen localhost:{port}", "", "{port}", Loopback)]
    [InlineData("sshd", "PermitListen localhost:*", "", "{port}", Loopback)]
    [InlineData("sshd", "PermitListen l*host:{port}", "", "{port}", Loopback)]
    [InlineData("sshd", "PermitListen localhost:{port}", "", "LOCALHOST:{port}", Loopback)]
    [InlineData("sshd", "PermitListen *:{port}", "", "192.0.2.1:{port}", Loopback)]
    [InlineData("sshd", "PermitListen 127.0.0.1:{port}", "", "127.0.0.1:{port}", "127.0.0.1")]
    [InlineData("sshd", "PermitListen 1 2 localhost:{port}", "", "{port}", Loopback)]
    [InlineData("sshd", "GatewayPorts yes\nPermitListen localhost:{port}", "", "{port}", All)]
    [InlineData("sshd", "PermitOpen none", "", "{port}", Loopback)]
    [InlineData("S1-21", "", "permitlisten=\"{port}\"", "{port}", Loopback)]
    [InlineData("S1-21", "", "permitlisten=\"localhost:{port}\"", "{port}", Loopback)]
    [InlineData("S1-21", "", "permitlisten=\"1\",permitlisten=\"*:{port}\"", "{port}", Loopback)]
    [InlineData("S1-21", "", "permitopen=\"127.0.0.1:1\"", "{port}", Loopback)]
    [InlineData("S1-21", "", "restrict,port-forwarding", "{port}", Loopback)]
    [InlineData("S1-21", "PermitListen localhost:*", "permitlisten=\"{port}\"", "{port}", Loopback)]
    public async Task Is_allowed_and_bound_to(string requirement, string config, string keyOptions, string requested, string addresses)
    {
        var (_, client, row, echo) = await StartAsync(requirement, config, keyOptions, requested);
        var port = (int)row.Values[0].Value;

        await client.ErrorAsync($"remote forward success for: listen .*{port}");

        var expected = addresses.Split(' ').Select(IPAddress.Parse).Where(static address => Socket.OSSupportsIPv6 || address.AddressFamily is AddressFamily.InterNetwork);
        Assert.Equal(expected.Order(ByText), LoopbackPort.Listeners(port).Order(ByText));
        using var socket = await DialAsync(LoopbackPort.Listeners(port)[0], port);
        await echo.FirstConnection.WithinAsync("the target should be reached", () => client.Log);
    }

    [Theory]
    [InlineData("S2-11", "GatewayPorts clientspecified", "", "192.0.2.1:{port}", "192.0.2.1")]
    [InlineData("S2-15", "AllowTcpForwarding no", "", "{port}", "AllowTcpForwarding")]
    [InlineData("S2-15", "AllowTcpForwarding local", "", "{port}", "AllowTcpForwarding")]
    [InlineData("sshd", "DisableForwarding yes", "", "{port}", "DisableForwarding")]
    [InlineData("sshd", "PermitListen none", "", "{port}", "PermitListen")]
    [InlineData("sshd", "PermitListen 1", "", "{port}", "PermitListen")]
    [InlineData("sshd", "PermitListen 127.0.0.1:{port}", "", "{port}", "PermitListen")]
    [InlineData("sshd", "PermitListen localhost:{port}", "", "127.0.0.1:{port}", "PermitListen")]
    [InlineData("sshd", "PermitListen localhost:{port}", "", "*:{port}", "PermitListen")]
    [InlineData("sshd", "PermitListen LOCALHOST:{port}", "", "{port}", "PermitListen")]
    [InlineData("sshd", "PermitListen localhost:{port}", "", "0", "PermitListen")]
    [InlineData("S1-21", "", "permitlisten=\"1\"", "{port}", "permitlisten")]
    [InlineData("S1-21", "", "permitlisten=\"127.0.0.1:{port}\"", "{port}", "permitlisten")]
    [InlineData("S1-21", "PermitListen 1", "permitlisten=\"{port}\"", "{port}", "PermitListen")]
    [InlineData("S1-21", "PermitListen {port}", "permitlisten=\"1\"", "{port}", "permitlisten")]
    [InlineData("S1-21", "", "no-port-forwarding", "{port}", "port-forwarding")]
    [InlineData("S1-21", "", "restrict", "{port}", "restrict|port-forwarding")]
    [InlineData("S1-21", "", "restrict,permitlisten=\"{port}\"", "{port}", "restrict|port-forwarding")]
    [InlineData("sshd", "Match User {user}\nAllowTcpForwarding local", "", "{port}", "AllowTcpForwarding")]
    [InlineData("sshd", "PermitListen any\nMatch Address 127.0.0.1\nPermitListen none", "", "{port}", "PermitListen")]
    public async Task Is_refused(string requirement, string config, string keyOptions, string requested, string word)
    {
        var (server, client, row, _) = await StartAsync(requirement, config, keyOptions, requested);

        await client.ErrorAsync($"^Warning: remote port forwarding failed for listen port {(requested is "0" ? "0" : row.Fill("{port}"))}");

        Assert.Empty(LoopbackPort.Listeners((int)row.Values[0].Value));
        await UntilLoggedInAsync(client);
        Assert.False(client.HasExited, client.Log);
        await AssertLoggedAsync(server, word);
    }

    [Theory]
    [InlineData("S2-16", "AllowStreamLocalForwarding yes", "")]
    [InlineData("S2-16", "AllowStreamLocalForwarding remote", "")]
    [InlineData("S2-16", "AllowStreamLocalForwarding all", "")]
    // These rules are about ports alone.
    [InlineData("sshd", "PermitListen none", "")]
    [InlineData("sshd", "PermitListen 1\nPermitOpen none", "permitlisten=\"1\"")]
    [InlineData("S1-21", "", "restrict,port-forwarding")]
    public async Task A_socket_is_allowed(string requirement, string config, string keyOptions)
    {
        var path = Path.Combine(RunFolder.Create("listen"), "socket");
        var (_, client, _, _) = await StartAsync(requirement, config, keyOptions, path);

        await client.ErrorAsync($"remote forward success for: listen {path}");

        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
    }

    [Theory]
    // In sshd it goes for sockets as well.
    [InlineData("sshd", "AllowTcpForwarding no", "", "AllowTcpForwarding")]
    [InlineData("sshd", "AllowTcpForwarding local", "", "AllowTcpForwarding")]
    [InlineData("S2-16", "AllowStreamLocalForwarding no", "", "AllowStreamLocalForwarding")]
    [InlineData("S2-16", "AllowStreamLocalForwarding local", "", "AllowStreamLocalForwarding")]
    [InlineData("sshd", "DisableForwarding yes", "", "DisableForwarding")]
    [InlineData("S1-21", "", "restrict", "restrict|port-forwarding")]
    [InlineData("S1-21", "", "no-port-forwarding", "port-forwarding")]
    [InlineData("sshd", "Match User {user}\nAllowStreamLocalForwarding no", "", "AllowStreamLocalForwarding")]
    public async Task A_socket_is_refused(string requirement, string config, string keyOptions, string word)
    {
        var path = Path.Combine(RunFolder.Create("listen"), "socket");
        var (server, client, _, _) = await StartAsync(requirement, config, keyOptions, path);

        await client.ErrorAsync($"^Warning: remote port forwarding failed for listen path {path}");

        Assert.False(File.Exists(path));
        await AssertLoggedAsync(server, word);
    }

    [Fact]
    [Trait("Surface", "S2-17")]
    [Trait("Surface", "S2-21")]
    public async Task Remote_ports_alone_are_served_where_only_they_are_allowed()
    {
        var server = await StartServerAsync("AllowTcpForwarding remote", "AllowStreamLocalForwarding no");
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var path = Path.Combine(server.Folder, "socket");

        var client = await StartSshAsync(server, "-N", "-L", Spec(local, echo.Port), "-R", $"{path}:127.0.0.1:{echo.Port}", "-R", Spec(remote, echo.Port));

        await client.ErrorAsync($"remote forward success for: listen {remote}");
        await client.ErrorAsync($"remote port forwarding failed for listen path {path}");
        using var socket = await DialAsync(local);
        await AssertEndsAsync(socket, () => client.Log);
        await client.ErrorAsync("open failed: administratively prohibited");
        await Bulk.EchoAsync(remote);
    }

    private static Comparer<IPAddress> ByText { get; } =
        Comparer<IPAddress>.Create(static (one, other) => string.CompareOrdinal(one.ToString(), other.ToString()));

    private static async Task<Socket> DialAsync(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : address, port);
        return socket;
    }

    private async Task<(ServerPeer Server, ChildProcess Client, PolicyRow Row, TcpService Echo)> StartAsync(
        string requirement, string config, string keyOptions, string requested)
    {
        var echo = Own(TcpService.Echo());
        var row = new PolicyRow(requirement, config, keyOptions) { Values = [("port", LoopbackPort.Free())] };
        var server = await StartServerAsync(row);
        var client = await StartSshAsync(server, "-N", "-R", row.Fill($"{requested}:127.0.0.1:{echo.Port}"));
        return (server, client, row, echo);
    }
}

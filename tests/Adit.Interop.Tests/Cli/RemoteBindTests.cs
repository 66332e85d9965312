using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Which addresses the server binds for -R: what the client asks for, and what GatewayPorts of the server makes of it.</summary>
public sealed class RemoteBindTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string Loopback = "127.0.0.1 ::1";
    private const string All = "0.0.0.0 ::";

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-8")]
    [Trait("Surface", "S2-9")]
    public async Task GatewayPorts_no_overrides_every_address_with_loopback(string kind) => await BindsAsync(kind, "no",
        ("", Loopback), ("localhost:", Loopback), (":", Loopback), ("*:", Loopback), ("0.0.0.0:", Loopback), ("[::]:", Loopback), ("127.0.0.1:", "127.0.0.1"), ("[::1]:", "::1"));

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-10")]
    public async Task GatewayPorts_yes_overrides_every_address_with_all(string kind) => await BindsAsync(kind, "yes",
        ("", All), ("localhost:", All), ("127.0.0.1:", All), ("[::1]:", All));

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-11")]
    [Trait("Surface", "S1-18")]
    public async Task GatewayPorts_clientspecified_binds_what_the_client_asks_for(string kind) => await BindsAsync(kind, "clientspecified",
        ("", Loopback), ("localhost:", Loopback), (":", All), ("*:", All), ("0.0.0.0:", "0.0.0.0"), ("[::]:", "::"),
        ("127.0.0.2:", "127.0.0.2"), ("[127.0.0.2]:", "127.0.0.2"), ("[::1]:", "::1"));

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-11")]
    public async Task An_address_that_is_not_the_servers_is_refused(string kind)
    {
        var server = await StartServerAsync(kind, "GatewayPorts clientspecified");
        var port = LoopbackPort.Free();

        var adit = await StartTunnelAsync(server, "-o", "ExitOnForwardFailure=yes", "-R", $"203.0.113.9:{port}:localhost:80");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains($"{port}", adit.Error.Text, StringComparison.Ordinal);
    }

    private async Task BindsAsync(string kind, string gatewayPorts, params (string Bind, string Addresses)[] rows)
    {
        await using var echo = TcpService.Echo();
        var server = await StartServerAsync(kind, $"GatewayPorts {gatewayPorts}");
        var bound = new BoundAddresses(rows);

        var adit = await StartTunnelAsync(server, bound.Options("-R", $"127.0.0.1:{echo.Port}"));

        await bound.AssertAsync(adit);
    }
}

using System.Globalization;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Which addresses -L binds here.</summary>
public sealed class LocalBindTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string Loopback = "127.0.0.1 ::1";
    private const string All = "0.0.0.0 ::";

    [Fact]
    [Trait("Surface", "S1-3")]
    [Trait("Surface", "S2-2")]
    public async Task A_port_is_open_on_loopback_unless_an_address_says_otherwise() => await BindsAsync([],
        ("", Loopback), ("localhost:", Loopback), ("127.0.0.1:", "127.0.0.1"), ("127.0.0.2:", "127.0.0.2"), ("[::1]:", "::1"), (":", All), ("*:", All));

    [Theory]
    [InlineData("-g")]
    [InlineData("-oGatewayPorts=yes")]
    [Trait("Surface", "S1-17")]
    public async Task GatewayPorts_opens_it_on_all_addresses_unless_one_is_named(string option) => await BindsAsync([option],
        ("", All), ("localhost:", Loopback), ("127.0.0.1:", "127.0.0.1"), ("*:", All));

    [Fact]
    public async Task An_address_family_holds_for_the_ports_too() => await BindsAsync(["-4"], ("", "127.0.0.1"), ("localhost:", "127.0.0.1"), ("*:", "0.0.0.0"));

    [AditTheory]
    [InlineData("-L", "0:localhost:{target}")]
    [InlineData("-L", "127.0.0.1:0:localhost:{target}")]
    [Trait("Surface", "S4-2")]
    public async Task Port_0_is_a_free_port_that_is_told(string option, string spec)
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();

        var adit = await StartTunnelAsync(server, option, spec.Replace("{target}", $"{echo.Port}", StringComparison.Ordinal));

        var told = await adit.ErrorAsync("app → 127\\.0\\.0\\.1:(\\d+)");
        await Bulk.EchoAsync(int.Parse(told.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    [AditFact]
    public async Task A_port_that_other_machines_can_reach_is_told()
    {
        var server = await StartServerAsync("sshd");
        var port = LoopbackPort.Free();

        var adit = await StartTunnelAsync(server, "-g", "-L", $"{port}:localhost:80");

        await adit.ErrorAsync($"warning: .*{port} can be reached from other machines");
    }

    [AditFact]
    public async Task A_port_that_another_has_on_one_family_is_no_success_and_the_other_is_named()
    {
        var server = await StartServerAsync("sshd");
        await using var other = TcpService.Echo();

        var adit = await StartTunnelAsync(server, "-L", $"{other.Port}:localhost:80");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains($"{other.Port}", adit.Error.Text, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}"), adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_ends_with_255_where_ExitOnForwardFailure_says_so_and_the_others_go_on_where_not()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        string[] forwards = ["-L", $"127.0.0.1:{echo.Port}:localhost:80", "-L", $"{port}:127.0.0.1:{echo.Port}"];

        var strict = await StartTunnelAsync(server, ["-o", "ExitOnForwardFailure=yes", .. forwards]);
        Assert.Equal(ConnectionFailed, await strict.ExitAsync());
        Assert.Contains($"{echo.Port}", strict.Error.Text, StringComparison.Ordinal);

        var lenient = await StartTunnelAsync(server, forwards);
        await LoopbackPort.UntilListeningAsync(port, lenient);
        await lenient.ErrorAsync($"{echo.Port}");
        await Bulk.EchoAsync(port);
    }

    private async Task BindsAsync(string[] options, params (string Bind, string Addresses)[] rows)
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        var bound = new BoundAddresses(rows);

        var adit = await StartTunnelAsync(server, [.. options, .. bound.Options("-L", $"127.0.0.1:{echo.Port}")]);

        await bound.AssertAsync(adit);
    }
}

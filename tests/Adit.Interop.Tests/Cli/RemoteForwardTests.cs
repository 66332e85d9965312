using System.Globalization;
using System.Net;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-R from a port of the server to a port of the client.</summary>
public sealed class RemoteForwardTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const long Bytes = 8 * 1024 * 1024;

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S1-12")]
    [Trait("Surface", "S1-16")]
    [Trait("Surface", "S2-7")]
    [Trait("Surface", "S2-8")]
    [Trait("Surface", "S2-14")]
    public async Task Two_ports_of_the_servers_loopback_carry_data_both_ways_and_end_with_the_client(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        int up = LoopbackPort.Free(), down = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-R", $"{up}:localhost:{sink.Port}", "-R", $"{down}:127.0.0.1:{source.Port}");
        await LoopbackPort.UntilListeningAsync(up, adit);
        await LoopbackPort.UntilListeningAsync(down, adit);
        Assert.All(LoopbackPort.Listeners(up), static address => Assert.True(IPAddress.IsLoopback(address), $"listens on {address}"));

        await Task.WhenAll(Bulk.SendAsync(up, Bytes), Bulk.ReceiveAsync(down, Bytes)).WithinAsync("both transfers should end", () => adit.Log);

        await EndAsync(adit);
        await LoopbackPort.UntilClosedAsync(up, () => server.Log);
        await LoopbackPort.UntilClosedAsync(down, () => server.Log);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-7")]
    public async Task The_target_is_looked_up_and_dialled_by_the_client(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var banner = TcpService.Banner("from the client");
        var port = LoopbackPort.Free();
        // 127.0.0.1 in a spelling of the client's resolver.
        var adit = await StartTunnelAsync(server, "-R", $"{port}:127.1:{banner.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal("from the client", await ReadAsync(port));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-12")]
    public async Task Port_0_is_given_a_port_which_is_told_on_stderr(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var first = TcpService.Banner("first");
        await using var second = TcpService.Banner("second");

        var adit = await StartTunnelAsync(server, "-R", $"0:127.0.0.1:{first.Port}", "-R", $"0:localhost:{second.Port}");

        Assert.Equal("first", await ReadAsync(await AllocatedAsync(adit, $"127.0.0.1:{first.Port}")));
        Assert.Equal("second", await ReadAsync(await AllocatedAsync(adit, $"localhost:{second.Port}")));
        Assert.Empty(adit.Output.Text);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S1-11")]
    public async Task RemoteForward_in_the_configuration_works_by_alias(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        server.Client.Configure($"RemoteForward {port} localhost:{echo.Port}");

        var adit = await StartTunnelAsync(server);
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Bulk.EchoAsync(port);
    }

    [AditFact]
    [Trait("Surface", "S1-11")]
    public async Task RemoteForward_in_its_old_form_works_with_a_warning_that_says_what_to_write()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        server.Client.Configure($"RemoteForward {port}:localhost:{echo.Port}");

        var adit = await StartTunnelAsync(server);
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Bulk.EchoAsync(port);
        await adit.ErrorAsync($"warning: {server.Client.ConfigPath}:2: \"RemoteForward {port}:localhost:{echo.Port}\" is an old form");
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_port_that_the_server_refuses_is_told_and_the_others_go_on(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        // Of one family, as sshd is content when it gets the port on ::1 alone.
        var adit = await StartTunnelAsync(server, "-R", $"127.0.0.1:{echo.Port}:127.0.0.1:{echo.Port}", "-R", $"{port}:127.0.0.1:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        await adit.ErrorAsync($"(?i)(failed for listen port|cannot listen on) .*{echo.Port}");
        await Bulk.EchoAsync(port);
        Assert.False(adit.HasExited);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_port_that_the_server_refuses_ends_with_255_where_ExitOnForwardFailure_says_so(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();

        var adit = await StartTunnelAsync(server, "-o", "ExitOnForwardFailure=yes",
            "-R", $"{LoopbackPort.Free()}:127.0.0.1:{echo.Port}", "-R", $"127.0.0.1:{echo.Port}:127.0.0.1:{echo.Port}");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches($"(?i)(failed for listen port|cannot listen on) .*{echo.Port}", adit.Error.Text);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_target_that_refuses_ends_that_connection_alone(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();
        int refused = LoopbackPort.Free(), served = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-R", $"{refused}:127.0.0.1:{LoopbackPort.Free()}", "-R", $"{served}:127.0.0.1:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(refused, adit);
        await LoopbackPort.UntilListeningAsync(served, adit);

        await ServerTest.AssertRefusedAsync(refused, () => adit.Log);

        await adit.ErrorAsync("(?i)connect.* 127.0.0.1.*(failed|connection refused)");
        await Bulk.EchoAsync(served);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_hundred_connections_at_once_are_all_served(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var sink = TcpService.Checksum();
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-R", $"{port}:127.0.0.1:{sink.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            await Task.Yield();
            await Bulk.SendAsync(port, 20_000 + number);
        })).WithinAsync("a hundred transfers should end", () => adit.Log);
    }

    [Fact]
    [Trait("Surface", "S1-13")]
    public async Task Ssh_goes_through_the_reverse_tunnel_to_the_clients_own_sshd()
    {
        var server = await StartServerAsync("sshd");
        var home = await StartSshdAsync(new() { HostKeyName = "home" });
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-R", $"{port}:localhost:{home.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);
        using var files = await SshClientFiles.CreateAsync(port, "LogLevel ERROR");
        files.Know(home.HostKeys);

        var said = await ChildProcess.RunAsync(new("ssh", "-F", files.ConfigPath, SshClientFiles.Alias, "cat; echo at home"), "we are ");

        Assert.Equal("we are at home\n", said);
        Assert.Equal(1, home.Messages.Count("Accepted publickey"));
    }

    [Fact]
    [Trait("Surface", "S2-5")]
    public async Task Ssh_goes_through_a_local_port_to_a_server_behind()
    {
        var jump = await StartServerAsync("sshd");
        var inner = await StartSshdAsync(new() { HostKeyName = "inner" });
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(jump, "-L", $"{port}:localhost:{inner.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);
        using var files = await SshClientFiles.CreateAsync(port, "LogLevel ERROR");
        files.Know(inner.HostKeys);

        Assert.Equal("inside\n", await ChildProcess.RunAsync(new("ssh", "-F", files.ConfigPath, SshClientFiles.Alias, "echo inside")));
    }

    private static async Task<int> AllocatedAsync(ChildProcess client, string target)
    {
        var match = await client.ErrorAsync($"Allocated port (\\d+) for remote forward to {target}\\s*$");
        return int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }
}

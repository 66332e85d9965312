using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-W: standard input and output are a connection of the server.</summary>
public sealed class StdioForwardTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const long Bytes = 20 * 1024 * 1024;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Twenty_mebibytes_go_there_and_come_back(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();
        var adit = await StartAsync(server, $"127.0.0.1:{echo.Port}");

        var received = SHA256.HashDataAsync(adit.RawOutput).AsTask();
        await WriteAsync(adit, Bytes).WithinAsync("all should be taken", () => adit.Log);

        Assert.Equal(await Bulk.HashAsync(Bytes), Convert.ToHexStringLower(await received.WithinAsync("all should come back", () => adit.Log)));
        Assert.Equal(0, await adit.ExitAsync());
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task The_end_of_input_reaches_the_target_before_its_answer(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var sink = TcpService.Checksum();

        await SendAsync(server, $"127.0.0.1:{sink.Port}");
    }

    // Undocumented in ssh, and not in every one.
    [AditTheory]
    [MemberData(nameof(Servers))]
    public async Task A_socket_of_the_server_is_a_target(string kind)
    {
        var server = await StartServerAsync(kind);
        var path = Path.Combine(server.Folder, "target");
        await using var sink = TcpService.Checksum(path);

        await SendAsync(server, path);
    }

    [Fact]
    public async Task The_end_of_what_the_target_says_is_the_end_of_output()
    {
        var server = await StartServerAsync("sshd");
        await using var banner = TcpService.Banner("all");

        var adit = await StartAsync(server, $"127.0.0.1:{banner.Port}");

        Assert.Equal("all", await ReadAsync(adit));
    }

    // ssh ends with the target's words.
    [AditFact]
    public async Task A_target_that_has_said_all_can_still_be_told_everything()
    {
        var server = await StartServerAsync("sshd");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var adit = await StartAsync(server, listener.LocalEndpoint.ToString()!);
        using var far = await listener.AcceptSocketAsync().WithinAsync("the target should be reached", () => adit.Log);

        await far.SendAsync("all"u8.ToArray());
        far.Shutdown(SocketShutdown.Send);
        Assert.Equal("all", await ReadAsync(adit));

        var rest = ReadAsync(far);
        await adit.Input.WriteAsync("and everything");
        adit.Input.Close();
        Assert.Equal("and everything", await rest.WithinAsync("the rest should come", () => adit.Log));
        Assert.Equal(0, await adit.ExitAsync());
    }

    [Fact]
    public async Task A_target_that_speaks_first_is_heard_though_the_input_is_at_its_end()
    {
        var server = await StartServerAsync("sshd");
        await using var banner = TcpService.Banner("hello");
        var adit = await StartAsync(server, $"127.0.0.1:{banner.Port}");

        adit.Input.Close();

        Assert.Equal("hello", await ReadAsync(adit));
        Assert.Equal(0, await adit.ExitAsync());
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_target_that_refuses_returns_255_and_why(string kind)
    {
        var server = await StartServerAsync(kind);

        var adit = await StartAsync(server, $"127.0.0.1:{LoopbackPort.Free()}");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)connection refused", adit.Error.Text);
        Assert.Matches("(?i)stdio forwarding", adit.Error.Text);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_server_that_forbids_it_returns_255_and_why(string kind)
    {
        var server = await StartServerAsync(kind, "AllowTcpForwarding no");
        await using var echo = TcpService.Echo();

        var adit = await StartAsync(server, $"127.0.0.1:{echo.Port}");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)prohibited", adit.Error.Text);
    }

    [Fact]
    public async Task Forwards_of_the_configuration_are_left_out_and_so_cannot_fail()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        server.Client.Configure($"LocalForward 127.0.0.1:{echo.Port} localhost:80", "ExitOnForwardFailure yes");
        var adit = await StartAsync(server, $"127.0.0.1:{echo.Port}");

        await adit.Input.WriteAsync("through");
        adit.Input.Close();

        Assert.Equal("through", await ReadAsync(adit));
        Assert.DoesNotContain($"{echo.Port}", adit.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost:")]
    [InlineData("localhost:0")]
    [InlineData("localhost:65536")]
    [InlineData("[::1:5432")]
    public async Task What_is_no_target_is_told_before_anything_is_connected(string target) => await RefusesAsync(target);

    [AditTheory]
    [InlineData("5432")]
    [InlineData("localhost")]
    public async Task A_target_without_a_port_is_told_before_anything_is_connected(string target) => await RefusesAsync(target);

    [Fact]
    public async Task A_server_that_is_killed_returns_255()
    {
        var sshd = await StartSshdAsync();
        await using var silent = TcpService.Silent();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var adit = Own(await AditProcess.StartAsync(new ChildProcessStart("", "-F", files.ConfigPath, "-W", $"127.0.0.1:{silent.Port}", SshClientFiles.Alias)));
        await silent.FirstConnection.WithinAsync("the target should be reached", () => adit.Log);

        sshd.KillConnections();

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
    }

    [Fact]
    public async Task A_signal_ends_it_and_the_connection_to_the_target()
    {
        var server = await StartServerAsync("sshd");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var adit = await StartAsync(server, listener.LocalEndpoint.ToString()!);
        using var far = await listener.AcceptSocketAsync().WithinAsync("the target should be reached", () => adit.Log);

        adit.Signal(PosixSignal.SIGTERM);

        await adit.ExitAsync();
        Assert.Empty(await ReadAsync(far));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-5")]
    public async Task It_is_the_ProxyCommand_of_the_stock_ssh(string kind)
    {
        var jump = await StartServerAsync(kind);
        var inner = await StartSshdAsync(new() { HostKeyName = "inner" });
        using var files = await SshClientFiles.CreateAsync(inner, "LogLevel ERROR");
        var command = $"ProxyCommand={await AditProcess.ProgramAsync()} -F {jump.Client.ConfigPath} -W %h:%p {SshClientFiles.Alias}";

        var said = await ChildProcess.RunAsync(
            new("ssh", "-F", files.ConfigPath, "-o", command, SshClientFiles.Alias, "sha256sum"), new string('x', 1_000_000));

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(new string('x', 1_000_000)))), said.Split(' ')[0]);
    }

    private async Task RefusesAsync(string target)
    {
        var server = await StartServerAsync("sshd");

        var adit = await StartAsync(server, target);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains(target, adit.Error.Text, StringComparison.Ordinal);
        Assert.False(server.Messages.Contains("Connection from"));
    }

    private async Task SendAsync(ServerPeer server, string target)
    {
        var adit = await StartAsync(server, target);

        await WriteAsync(adit, Bytes).WithinAsync("all should be taken", () => adit.Log);

        Assert.Equal(await Bulk.HashAsync(Bytes), await ReadAsync(adit));
        Assert.Equal(0, await adit.ExitAsync());
    }

    private async Task<ChildProcess> StartAsync(ServerPeer server, string target) => Own(await AditProcess.StartAsync(
        new ChildProcessStart("", "-F", server.Client.ConfigPath, "-W", target, SshClientFiles.Alias) { RawOutput = true }));

    private static async Task WriteAsync(ChildProcess process, long bytes)
    {
        await foreach (var block in Bulk.Blocks(bytes))
            await process.Input.BaseStream.WriteAsync(block);
        process.Input.Close();
    }

    private static async Task<string> ReadAsync(ChildProcess process)
    {
        using var reader = new StreamReader(process.RawOutput, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync().WithinAsync("standard output should end", () => process.Log);
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What -O and a second command line do to a master that is there.</summary>
public sealed class SharingControlTests(ITestOutputHelper output) : SharingTest(output)
{
    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Check_names_the_process_of_the_master(string master, string client)
    {
        var process = await StartMasterAsync(master);

        Assert.Equal(process.Pid, await MasterPidAsync(client));
        Assert.Equal(1, Sshd.Connections);
    }

    [Theory]
    [InlineData(Ssh)]
    [InlineData(Adit)]
    public async Task Without_a_master_there_is_nothing_to_check(string client)
    {
        await ServeAsync();

        var check = await RunAsync(client, ["-O", "check"]);

        Assert.Equal(ConnectionFailed, await check.ExitAsync());
        Assert.Contains(ControlPath, check.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("Surface", "S1-22")]
    public async Task A_forward_is_added_and_cancelled_while_its_connection_goes_on(string master, string client)
    {
        var process = await StartMasterAsync(master);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        await ControlAsync(client, "forward", "-L", Spec(port, echo.Port));
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, port);
        await echo.FirstConnection.WithinAsync("the target should be reached", () => process.Log);
        await ControlAsync(client, "cancel", "-L", Spec(port, echo.Port));

        await LoopbackPort.UntilClosedAsync(port, () => process.Log);
        await connection.GetStream().WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await connection.GetStream().ReadAsync(new byte[1]).AsTask().WithinAsync("the connection should go on", () => process.Log));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("Surface", "S2-13")]
    public async Task The_port_that_the_server_chose_comes_alone_on_standard_output(string master, string client)
    {
        var process = await StartMasterAsync(master);
        await using var echo = TcpService.Echo();

        var (said, _) = await ControlAsync(client, "forward", "-R", Spec(0, echo.Port));

        Assert.Matches("^[0-9]+\n$", said);
        var port = int.Parse(said, CultureInfo.InvariantCulture);
        await Bulk.EchoAsync(port);
        await ControlAsync(client, "cancel", "-R", Spec(0, echo.Port));
        await LoopbackPort.UntilClosedAsync(port, () => process.Log);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task SOCKS_and_a_remote_port_are_added_and_cancelled(string master, string client)
    {
        var process = await StartMasterAsync(master);
        await using var banner = TcpService.Banner("hello from there");
        await using var echo = TcpService.Echo();
        int dynamic = LoopbackPort.Free(), remote = LoopbackPort.Free();

        await ControlAsync(client, "forward", "-D", $"{dynamic}", "-R", Spec(remote, echo.Port));
        Assert.Equal("hello from there", await ChildProcess.RunAsync(new("curl", "--silent", "--http0.9", "--socks5", $"127.0.0.1:{dynamic}", $"http://127.0.0.1:{banner.Port}/")));
        await Bulk.EchoAsync(remote);
        await ControlAsync(client, "cancel", "-D", $"{dynamic}", "-R", Spec(remote, echo.Port));

        await LoopbackPort.UntilClosedAsync(dynamic, () => process.Log);
        await LoopbackPort.UntilClosedAsync(remote, () => process.Log);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_forward_that_cannot_be_is_an_error_that_says_so(string master, string client)
    {
        await StartMasterAsync(master);
        await using var taken = TcpService.Echo();

        var forward = await RunAsync(client, ["-O", "forward", "-L", $"127.0.0.1:{Spec(taken.Port, 9)}"]);
        Assert.Equal(ConnectionFailed, await forward.ExitAsync());
        Assert.Matches("(?i)fail|could not", forward.Error.Text);

        var cancel = await RunAsync(client, ["-O", "cancel", "-L", Spec(LoopbackPort.Free(), 9)]);
        Assert.Matches("(?i)fail|could not", cancel.Error.Text);
        if (client is Adit)
            Assert.Equal(ConnectionFailed, await cancel.ExitAsync()); // ssh says so, and returns 0
    }

    [Fact]
    public async Task The_connection_and_its_channels_are_described()
    {
        await StartMasterAsync(Adit);
        var running = await StartAsync(Ssh, [], "echo started; cat");
        await running.OutputAsync("started");

        var (connection, _) = await ControlAsync(Adit, "conninfo");
        Assert.Contains($"Connection to 127.0.0.1 port {Sshd.Port}, user {TestUser.Name}", connection, StringComparison.Ordinal);
        Assert.Contains("server SSH-2.0-OpenSSH", connection, StringComparison.Ordinal);
        var (channels, _) = await ControlAsync(Adit, "channels");
        Assert.Matches("(?m)^  #0 client-session \\(t4 ", channels);
        Assert.DoesNotContain('\r', channels);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Stop_takes_no_more_clients_and_lets_those_there_are_go_on(string master, string client)
    {
        var process = await StartMasterAsync(master);
        var running = await StartAsync(client, [], "echo started; cat; exit 4");
        await running.OutputAsync("started");

        await ControlAsync(client, "stop");

        await UntilNoSocketAsync(process);
        await running.Input.WriteAsync("still\n");
        running.Input.Close();
        Assert.Equal(4, await running.ExitAsync());
        Assert.Contains("still", running.Output.Text, StringComparison.Ordinal);
        Assert.True(master is Ssh || !process.HasExited, process.Log); // ssh -N ends then
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Exit_ends_the_master_and_its_connection(string master, string client)
    {
        var process = await StartMasterAsync(master);

        var (_, said) = await ControlAsync(client, "exit");

        Assert.Contains("Exit request sent.", said, StringComparison.Ordinal);
        await process.ExitAsync();
        Assert.False(File.Exists(ControlPath));
        await Sshd.UntilNoConnectionAsync();
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_command_has_its_own_streams_and_its_code_is_returned(string master, string client)
    {
        await StartMasterAsync(master);
        var command = await StartAsync(client, [], "read line; echo \"got $line\"; echo oops >&2; exit 7");

        await command.Input.WriteAsync("something\n");
        await command.Input.FlushAsync();

        Assert.Equal(7, await command.ExitAsync());
        Assert.Equal("got something\n", command.Output.Text);
        Assert.EndsWith("oops\n", command.Error.Text, StringComparison.Ordinal);
        Assert.Equal(1, Sshd.Connections);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_stdio_forward_is_a_connection_to_the_target(string master, string client)
    {
        await StartMasterAsync(master);
        await using var echo = TcpService.Echo();
        var forward = await StartAsync(client, ["-W", $"127.0.0.1:{echo.Port}"]);

        await forward.Input.WriteAsync("there and back\n");
        forward.Input.Close();

        Assert.Equal(0, await forward.ExitAsync());
        Assert.Equal("there and back\n", forward.Output.Text);
        Assert.Equal(1, Sshd.Connections);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_terminal_has_the_size_of_the_clients_window_and_follows_it(string master, string client)
    {
        await StartMasterAsync(master);
        var terminal = await StartTerminalAsync(100, 30);
        var before = await terminal.SettingsAsync();
        var script = await ScriptAsync("""
            trap 'echo "now $(stty size)"' WINCH
            trap 'echo interrupted; exit 5' INT
            echo "first $(stty size) $TERM"
            while :; do sleep 0.05; done
            """);
        var run = await ScriptAsync($"exec {await PathAsync(client)} -F {Files.ConfigPath} -S {ControlPath} -t {SshClientFiles.Alias} sh {script}");
        await terminal.EnterAsync($"sh {run}; echo ended=$?");
        await terminal.ShowsAsync("^first 30 100 (screen|tmux)");

        await terminal.ResizeAsync(120, 40);
        await terminal.ShowsAsync("^now 40 120");
        await terminal.PressAsync("C-c");

        Assert.Equal(5, await terminal.EndsAsync());
        await terminal.ShowsAsync("Shared connection to \\S+ closed");
        await terminal.UntilSettingsAsync(before.Replace("rows 30; columns 100", "rows 40; columns 120", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_dot_ends_the_shared_session_alone(string master, string client)
    {
        var process = await StartMasterAsync(master);
        var terminal = await StartTerminalAsync();
        var before = await terminal.SettingsAsync();
        var script = await ScriptAsync("unset ENV; PS1='there> ' exec /bin/sh -i");
        var run = await ScriptAsync($"exec {await PathAsync(client)} -F {Files.ConfigPath} -S {ControlPath} -t {SshClientFiles.Alias} sh {script}");
        await terminal.EnterAsync($"sh {run}; echo ended=$?");
        await terminal.ShowsAsync(RemotePrompt);

        await terminal.TypeAsync("~?");
        await terminal.ShowsAsync("Supported escape sequences:");
        await terminal.TypeAsync("~.");

        Assert.Equal(ConnectionFailed, await terminal.EndsAsync());
        await terminal.UntilSettingsAsync(before);
        Assert.Equal(process.Pid, await MasterPidAsync(client));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_client_whose_master_is_killed_returns_255(string master, string client)
    {
        var process = await StartMasterAsync(master);
        var running = await StartAsync(client, [], "echo started; sleep 1000");
        await running.OutputAsync("started");

        process.Kill();

        Assert.Equal(ConnectionFailed, await running.ExitAsync());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_client_that_is_killed_ends_its_session_and_leaves_the_master(string master, string client)
    {
        var process = await StartMasterAsync(master);
        var running = await StartAsync(client, [], "echo started; exec cat");
        await running.OutputAsync("started");

        running.Kill();

        await Sshd.LoggedAsync("session_exit_message|session_close: session");
        Assert.Equal(process.Pid, await MasterPidAsync(client));
    }

    [Theory]
    [InlineData(Adit)]
    [InlineData(Ssh)]
    public async Task A_forward_that_was_asked_for_on_the_command_line_ends_with_its_client(string master)
    {
        var process = await StartMasterAsync(master);
        await using var echo = TcpService.Echo();
        int port = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var client = await StartAsync(Adit, ["-N", "-L", Spec(port, echo.Port), "-R", Spec(remote, echo.Port)]);
        await LoopbackPort.UntilListeningAsync(port, client);
        await LoopbackPort.UntilListeningAsync(remote, client);
        await Bulk.EchoAsync(port);
        await Bulk.EchoAsync(remote);

        client.Signal(PosixSignal.SIGINT);

        Assert.Equal(ConnectionFailed, await client.ExitAsync());
        await LoopbackPort.UntilClosedAsync(port, () => process.Log);
        await LoopbackPort.UntilClosedAsync(remote, () => process.Log);
        Assert.Equal(process.Pid, await MasterPidAsync(Adit));
        Assert.Equal(1, Sshd.Connections);
    }

    [Theory]
    [InlineData(Adit)]
    [InlineData(Ssh)]
    public async Task A_client_of_forwards_ends_with_255_when_its_master_is_gone(string master)
    {
        var process = await StartMasterAsync(master);
        var client = await StartAsync(Adit, ["-N", "-R", Spec(0, 9)]);
        await client.ErrorAsync("Allocated port");

        process.Kill();

        Assert.Equal(ConnectionFailed, await client.ExitAsync());
        Assert.Contains("lost", client.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_forward_and_a_command_of_one_client_work_together(string master, string client)
    {
        await StartMasterAsync(master);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var running = await StartAsync(client, ["-L", Spec(port, echo.Port)], "echo started; cat; exit 6");
        await running.OutputAsync("started");

        await Bulk.EchoAsync(port);
        running.Input.Close();

        Assert.Equal(6, await running.ExitAsync());
    }
}

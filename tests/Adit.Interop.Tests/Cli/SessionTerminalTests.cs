using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

public sealed class SessionTerminalTests(ITestOutputHelper output) : SessionTerminalTest(output)
{
    [Fact]
    public async Task A_login_shell_runs_what_is_typed_and_its_code_is_returned()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await StartTerminalAsync();
        await terminal.RunAsync("-F", files.ConfigPath, SshClientFiles.Alias);

        await terminal.EnterAsync("echo \"sum $((40 + 2))\"; tty; exit 7");

        await terminal.ShowsAsync("^sum 42");
        Assert.Equal(7, await terminal.EndsAsync());
        Assert.Contains("Connection to ", await terminal.AllAsync(), StringComparison.Ordinal);
        Assert.NotEqual(terminal.Device, (await terminal.ShowsAsync("^/dev/pts/\\d+")).Value);
    }

    [Fact]
    public async Task The_size_of_the_far_terminal_follows_the_window()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await StartTerminalAsync(100, 30);
        var script = await ScriptAsync("""
            trap 'echo "now $(stty size)"' WINCH
            echo "first $(stty size)"
            while :; do sleep 0.05; done
            """);
        await terminal.RunAsync("-F", files.ConfigPath, "-t", SshClientFiles.Alias, $"sh {script}");
        await terminal.ShowsAsync("^first 30 100");

        await terminal.ResizeAsync(120, 40);
        await terminal.ShowsAsync("^now 40 120");
        await terminal.ResizeAsync(70, 20);
        await terminal.ShowsAsync("^now 20 70");
    }

    [Fact]
    public async Task Control_C_goes_to_the_remote_program()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await StartTerminalAsync();
        var script = await ScriptAsync("""
            trap 'echo interrupted; exit 5' INT
            echo waiting
            while :; do sleep 0.05; done
            """);
        await terminal.RunAsync("-F", files.ConfigPath, "-t", SshClientFiles.Alias, $"sh {script}");
        await terminal.ShowsAsync("^waiting");

        await terminal.PressAsync("C-c");

        await terminal.ShowsAsync("interrupted");
        Assert.Equal(5, await terminal.EndsAsync());
    }

    [Fact]
    public async Task A_remote_editor_draws_its_screen_anew_when_the_window_changes()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await StartTerminalAsync(80, 24);
        var text = await ScriptAsync("a single line");
        await terminal.RunAsync("-F", files.ConfigPath, "-t", SshClientFiles.Alias, $"vi -u NONE -i NONE {text}");

        // One line of text, one of messages, and the rest is empty.
        await UntilEmptyLinesAsync(terminal, 22);
        await terminal.ResizeAsync(90, 33);
        await UntilEmptyLinesAsync(terminal, 31);
        await terminal.ResizeAsync(60, 15);
        await UntilEmptyLinesAsync(terminal, 13);

        await terminal.EnterAsync(":cq");
        Assert.Equal(1, await terminal.EndsAsync());
    }

    [Theory]
    [InlineData(15)]
    [InlineData(9)]
    public async Task A_connection_that_the_server_drops_returns_255_and_leaves_the_terminal_as_it_was(int signal)
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await ShellAsync(files);
        var before = await BeforeAsync();
        Assert.NotEqual(before, await terminal.SettingsAsync());

        await terminal.EnterAsync($"kill -{signal} $PPID");

        Assert.Equal(ConnectionFailed, await terminal.EndsAsync());
        await terminal.UntilSettingsAsync(before);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(1)]
    public async Task A_signal_ends_it_with_the_terminal_as_it_was(int signal)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var terminal = await ShellAsync(files);
        var before = await BeforeAsync();

        _ = ProcessTree.SendSignal(Client(terminal), signal);

        Assert.Equal(ConnectionFailed, await terminal.EndsAsync());
        await terminal.UntilSettingsAsync(before);
        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    [Trait("Surface", "S1-4")]
    public async Task A_shell_is_of_use_while_several_forwards_share_its_connection()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var one = TcpService.Echo();
        await using var other = TcpService.Checksum();
        int first = LoopbackPort.Free(), second = LoopbackPort.Free(), third = LoopbackPort.Free();
        var terminal = await ShellAsync(files, "-L", $"{first}:127.0.0.1:{one.Port}", "-L", $"{second}:127.0.0.1:{other.Port}", "-R", $"{third}:127.0.0.1:{one.Port}");

        var bulk = Bulk.SendAsync(second, 20 << 20);
        await Bulk.EchoAsync(first);
        await Bulk.EchoAsync(third);
        await terminal.EnterAsync("echo \"sum $((40 + 2))\"");
        await terminal.ShowsAsync("^sum 42");
        await bulk.WithinAsync("the bytes should pass");

        Assert.Equal(1, sshd.Connections);
        await terminal.EnterAsync("exit");
        Assert.Equal(0, await terminal.EndsAsync());
        Assert.False(LoopbackPort.IsListening(first) || LoopbackPort.IsListening(second));
    }

    [Fact]
    public async Task The_end_of_a_shell_waits_for_the_connections_that_are_open()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var terminal = await ShellAsync(files, "-L", $"{port}:127.0.0.1:{echo.Port}");
        using (var client = await ConnectAsync(terminal, echo, port))
        {
            await terminal.EnterAsync("exit 3");
            await sshd.LoggedAsync("session_exit_message");
            await AssertGoesOnAsync(terminal, client);
        }

        Assert.Equal(3, await terminal.EndsAsync());
    }

    private async Task<string> BeforeAsync()
    {
        // The settings of a terminal of the same kind that nothing was run on.
        var other = await StartTerminalAsync();
        return await other.SettingsAsync();
    }

    private static int Client(SessionTerminal terminal) => ProcessTree.All()
        .Single(entry => entry.Command is "adit" or "ssh" && new FileInfo($"/proc/{entry.Pid.ToString(CultureInfo.InvariantCulture)}/fd/0").LinkTarget == terminal.Device).Pid;

    private static Task UntilEmptyLinesAsync(SessionTerminal terminal, int count) => terminal.UntilAsync(
        async () => (await terminal.ScreenAsync()).Split('\n').Count(static line => line.Trim() is "~") == count, $"the editor should show {count} empty lines");
}

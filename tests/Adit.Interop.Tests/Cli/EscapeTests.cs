using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>ssh(1) ESCAPE CHARACTERS, typed at a terminal.</summary>
public sealed partial class EscapeTests(ITestOutputHelper output) : SessionTerminalTest(output)
{
    private static int _marks;

    [Fact]
    public async Task The_help_names_the_sequences_and_a_doubled_character_is_one()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await ShellAsync(files);

        await terminal.TypeAsync("~?");
        await terminal.ShowsAsync(@"^Supported escape sequences:\n\s+~\. ");
        await terminal.ShowsAsync(@"^\s+~# .*\n(.*\n)*\s+~~ ");
        await terminal.EnterAsync("");
        await terminal.EnterAsync("~~?; echo a~?b");

        await terminal.ShowsAsync("^a~\\?b");
        // The terminal may echo it before the shell has written its prompt.
        await terminal.ShowsAsync("^(there> )?~\\?; echo");
        Assert.Single((await terminal.AllAsync()).Split('\n'), static line => line.StartsWith("Supported", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Surface", "S1-8")]
    [Trait("Surface", "S1-9")]
    [Trait("Surface", "S1-5")]
    [Trait("Surface", "S1-6")]
    public async Task The_list_has_one_entry_before_a_connection_and_two_during_it_with_the_port_that_it_came_from()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var terminal = await ShellAsync(files, "-L", $"{port}:127.0.0.1:{echo.Port}");

        Assert.Single(await ListAsync(terminal), static line => line.Contains("session", StringComparison.Ordinal));

        using (var client = await ConnectAsync(terminal, echo, port))
        {
            var list = await ListAsync(terminal);
            Assert.Equal(2, list.Count);
            var origin = ((IPEndPoint)client.Client.LocalEndPoint!).Port;
            Assert.Contains(
                $"direct-tcpip: listening port {port} for 127.0.0.1 port {echo.Port}, connect from 127.0.0.1 port {origin} to 127.0.0.1 port {port} (t4 ",
                list[1], StringComparison.Ordinal);
        }

        await terminal.UntilAsync(async () => (await ListAsync(terminal)).Count == 1, "the closed connection should leave the list");
    }

    [Fact]
    [Trait("Surface", "S1-22")]
    public async Task The_command_line_opens_and_cancels_forwards()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync(), "EnableEscapeCommandline yes");
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free(), dynamic = LoopbackPort.Free();
        var terminal = await ShellAsync(files);

        await CommandAsync(terminal, $"-L {local}:127.0.0.1:{echo.Port}", "^Forwarding port");
        await Bulk.EchoAsync(local);
        await CommandAsync(terminal, $"-R {remote}:127.0.0.1:{echo.Port}", "(?s)(^Forwarding port.*){2}");
        await Patience.UntilAsync(() => LoopbackPort.IsListening(remote), "the server should listen", () => terminal.Log);
        await Bulk.EchoAsync(remote);
        await CommandAsync(terminal, $"-D {dynamic}", "(?s)(^Forwarding port.*){3}");
        Assert.True(LoopbackPort.IsListening(dynamic));

        await CommandAsync(terminal, $"-KL {local}", "^Canceled forwarding");
        await LoopbackPort.UntilClosedAsync(local, () => terminal.Log);
        await CommandAsync(terminal, $"-KR {remote}", "(?s)(^Canceled forwarding.*){2}");
        await LoopbackPort.UntilClosedAsync(remote, () => terminal.Log);
        await CommandAsync(terminal, $"-KD {dynamic}", "(?s)(^Canceled forwarding.*){3}");
        await LoopbackPort.UntilClosedAsync(dynamic, () => terminal.Log);
        await CommandAsync(terminal, $"-KL {local}", "^Unk(now|onw)n port forwarding");
        await CommandAsync(terminal, "what", "^Invalid command");
        await CommandAsync(terminal, "help", "^Commands:");

        await terminal.EnterAsync("echo \"sum $((40 + 2))\"");
        await terminal.ShowsAsync("^sum 42");
    }

    [Fact]
    public async Task The_command_line_is_off_unless_it_is_configured()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await ShellAsync(files);

        await terminal.TypeAsync("~C");

        await terminal.ShowsAsync("commandline disabled");
    }

    [Fact]
    public async Task The_command_line_runs_commands_on_this_side_where_that_is_permitted()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync(), "EnableEscapeCommandline yes", "PermitLocalCommand yes");
        var terminal = await ShellAsync(files);
        var script = await ScriptAsync("echo \"on $(tty)\"");

        await CommandAsync(terminal, $"!sh {script}", $"^on {terminal.Device}");

        await terminal.EnterAsync("echo \"sum $((40 + 2))\"");
        await terminal.ShowsAsync("^sum 42");
    }

    [Fact]
    public async Task Keys_are_exchanged_anew_under_the_session()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var terminal = await ShellAsync(files);
        Assert.Equal(1, sshd.Messages.Count("SSH2_MSG_NEWKEYS received"));

        await terminal.TypeAsync("~R");
        await sshd.LoggedAsync("(?s)(SSH2_MSG_NEWKEYS received.*){2}");

        await terminal.EnterAsync("echo \"sum $((40 + 2))\"");
        await terminal.ShowsAsync("^sum 42");
    }

    [Fact]
    public async Task The_level_of_the_log_goes_up_and_down()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var terminal = await ShellAsync(files, "-L", $"{port}:127.0.0.1:{echo.Port}");

        await terminal.TypeAsync("~v~v");
        await terminal.ShowsAsync(@"~v \[LogLevel VERBOSE\]");
        await terminal.ShowsAsync(@"~v \[LogLevel DEBUG\]");
        await Bulk.EchoAsync(port);
        await terminal.ShowsAsync("debug1: .*127.0.0.1");

        await terminal.TypeAsync("~V");
        await terminal.ShowsAsync(@"~V \[LogLevel VERBOSE\]");
    }

    [Fact]
    public async Task A_dot_ends_it_with_255_and_the_terminal_as_it_was()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var before = await (await StartTerminalAsync()).SettingsAsync();
        var terminal = await ShellAsync(files);

        await terminal.TypeAsync("~.");

        Assert.Equal(ConnectionFailed, await terminal.EndsAsync());
        await terminal.ShowsAsync("Connection to \\S+ closed");
        await terminal.UntilSettingsAsync(before);
        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    public async Task A_sequence_counts_only_at_the_start_of_a_line()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await ShellAsync(files);

        await terminal.EnterAsync("echo here~.");

        await terminal.ShowsAsync("^here~\\.");
    }

    [Fact]
    public async Task Another_escape_character_counts_instead_and_none_for_nothing()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var terminal = await ShellAsync(files, "-e", "%");
        await terminal.EnterAsync("~.");
        await terminal.ShowsAsync("~.: .*not found|not found.*");
        await terminal.TypeAsync("%.");
        Assert.Equal(ConnectionFailed, await terminal.EndsAsync());

        var without = await ShellAsync(files, "-e", "none");
        await without.EnterAsync("~.");
        await without.ShowsAsync("~.: .*not found|not found.*");
        await without.EnterAsync("exit 0");
        Assert.Equal(0, await without.EndsAsync());
    }

    [Fact]
    public async Task It_is_suspended_and_goes_on_in_the_foreground()
    {
        using var files = await SshClientFiles.CreateAsync(await StartSshdAsync());
        var before = await (await StartTerminalAsync()).SettingsAsync();
        var terminal = await ShellAsync(files);
        var during = await terminal.SettingsAsync();

        for (var time = 1; time <= 2; time++)
        {
            await terminal.TypeAsync("~");
            await terminal.PressAsync("C-z");
            await terminal.ShowsAsync("^ended=\\d+|^here> ", time + 1);
            await terminal.UntilSettingsAsync(before);
            await terminal.EnterAsync("jobs");
            await terminal.ShowsAsync("Stopped|Suspended", time);

            await terminal.ResizeAsync(100 + time, 30);
            await terminal.EnterAsync("fg");
            await terminal.UntilSettingsAsync(during.Replace("columns 100", $"columns {100 + time}", StringComparison.Ordinal));
            await terminal.EnterAsync("stty size; echo \"time $((time + 1))\"; time=$((time + 1))");
            await terminal.ShowsAsync($"^time {time}");
            await terminal.ShowsAsync($"^30 {100 + time}");
            before = before.Replace($"columns {99 + time}", $"columns {100 + time}", StringComparison.Ordinal);
            await terminal.EnterAsync("");
        }
    }

    [Fact]
    public async Task It_leaves_the_shell_and_goes_on_until_its_connections_are_closed()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var terminal = await ShellAsync(files, "-L", $"{port}:127.0.0.1:{echo.Port}");
        using (var client = await ConnectAsync(terminal, echo, port))
        {
            await terminal.TypeAsync("~&");

            // The shell has the terminal, and nobody comes in any more.
            await terminal.ShowsAsync("^(ended=.*\n)?here> $", 1);
            await terminal.EnterAsync("echo \"local $((40 + 2))\"");
            await terminal.ShowsAsync("^local 42");
            await LoopbackPort.UntilClosedAsync(port, () => terminal.Log);
            await AssertGoesOnAsync(terminal, client);
        }

        await sshd.UntilNoConnectionAsync();
        await Patience.UntilAsync(
            () => !ProcessTree.All().Any(entry => entry.Command is "adit" or "ssh" && Inputs(entry.Pid) == terminal.Device), "nothing should be left on the terminal", () => terminal.Log);
    }

    private static string? Inputs(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/fd/0").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task CommandAsync(SessionTerminal terminal, string command, string answer)
    {
        await ReadyAsync(terminal);
        await terminal.TypeAsync("~C");
        await terminal.UntilAsync(
            async () => (await terminal.AllAsync()).TrimEnd('\n').Split('\n')[^1] is "ssh> " or "adit> ", "the command line should ask");
        await terminal.EnterAsync(command);
        await terminal.ShowsAsync(answer);
    }

    /// <summary>Waits until the shell has shown all that it was told to show, and waits at the start of a line.</summary>
    private static async Task ReadyAsync(SessionTerminal terminal)
    {
        var mark = Interlocked.Increment(ref _marks);
        await terminal.EnterAsync($"echo \"mark $(({mark} + 1000))\"");
        await terminal.ShowsAsync($"^mark {mark + 1000}\n{RemotePrompt[1..]}");
    }

    /// <summary>The entries of a new list, which is the last one shown.</summary>
    private static async Task<IReadOnlyList<string>> ListAsync(SessionTerminal terminal)
    {
        const string Title = "The following connections are open:";
        await ReadyAsync(terminal);
        var before = (await terminal.AllAsync()).Split(Title).Length;
        await terminal.TypeAsync("~#");
        await ReadyAsync(terminal);
        var lists = (await terminal.AllAsync()).Split(Title);
        Assert.Equal(before + 1, lists.Length);
        return [.. lists[^1].Split('\n').Where(static line => Entry.IsMatch(line))];
    }

    [GeneratedRegex(@"^\s+#\d+ .+ \(t4 .+\)", RegexOptions.None, 1000)]
    private static partial Regex Entry { get; }
}

using System.Runtime.InteropServices;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary><c>adit run</c> and <c>adit psql</c>: what the command gets, and what becomes of it.</summary>
public sealed class RunCommandTests(ITestOutputHelper output) : RunTest(output)
{
    [AditFact]
    public async Task Psql_finds_the_tunnel_by_its_environment_and_nothing_is_left_when_it_ends()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync(new ChildProcessStart("",
        [
            "run", "-F", files.ConfigPath, SshClientFiles.Alias, "-L", Target(postgres.Port), "--expect", "postgres", "--",
            PostgresPeer.Find("psql"), "-X", "-A", "-t", "-U", PostgresPeer.TrustedUser, "-c", "select 'it is ' || {port} || ' here'", "postgres",
        ])
        {
            // With either of them libpq would go past the tunnel.
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PGHOSTADDR"] = "192.0.2.1", ["PGSERVICE"] = "elsewhere" },
        });
        adit.Input.Close();

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Matches("^it is [0-9]+ here\n$", adit.Output.Text);
        Assert.Contains("PGSERVICE=elsewhere is not handed to", adit.Error.Text, StringComparison.Ordinal);
        await sshd.UntilNoConnectionAsync();
    }

    [AditFact]
    public async Task The_short_form_takes_the_arguments_of_psql_behind_the_destination()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var path = $"{Path.GetDirectoryName(PostgresPeer.Find("psql"))}:{Environment.GetEnvironmentVariable("PATH")}";

        var adit = await StartAditAsync(new ChildProcessStart("",
            ["psql", "-F", files.ConfigPath, "-L", Target(postgres.Port), SshClientFiles.Alias, "-XAt", "-U", PostgresPeer.TrustedUser, "-c", "select 6 * 7", "-d", "postgres"])
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PATH"] = path },
        });
        adit.Input.Close();

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Equal("42\n", adit.Output.Text);
    }

    [AditFact]
    [Trait("Surface", "S0-2")]
    public async Task The_command_is_told_to_end_when_adit_is_killed_and_may_put_its_things_in_order()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var told = Path.Combine(RunFolder.Create("told"), "told");
        var adit = await RunAsync(files, LoopbackPort.Free(), "bash", "-c", $"trap 'echo told >{told}; exit' TERM; echo ready; while :; do sleep 0.05; done");
        await adit.OutputAsync("ready");
        var command = Assert.Single(ProcessTree.Descendants(adit.Pid), entry => entry.ParentPid == adit.Pid);

        adit.Kill();

        await Patience.UntilAsync(() => File.Exists(told) && !ProcessTree.IsAlive(command), "the command should end in its own way");
    }

    [AditFact]
    public async Task What_the_runtime_ignores_the_command_does_not()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await RunAsync(files, LoopbackPort.Free(), "grep", "SigIgn", "/proc/self/status");

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Equal("SigIgn:\t0000000000000000\n", adit.Output.Text);
    }

    [AditFact]
    public async Task The_command_gets_nothing_of_what_adit_sets_for_itself()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await RunAsync(files, LoopbackPort.Free(), "env");

        Assert.Equal(0, await adit.ExitAsync());
        Assert.Contains("ADIT_PORT=", adit.Output.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("DIAGNOSTICS", adit.Output.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("ADIT_COMMAND_OF", adit.Output.Text, StringComparison.Ordinal);
    }

    [AditTheory]
    [InlineData(0, "true")]
    [InlineData(7, "sh", "-c", "exit 7")]
    [InlineData(137, "sh", "-c", "kill -9 $$")]
    [InlineData(143, "sh", "-c", "kill $$")]
    [InlineData(127, "there-is-no-such-command")]
    [InlineData(127, "/nonexistent/command")]
    [InlineData(126, "/etc/passwd")]
    [InlineData(255, "echo", "{port2}")]
    public async Task The_status_is_the_commands_or_what_a_shell_makes_of_it(int status, params string[] command)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await RunAsync(files, echo.Port, command);

        Assert.Equal(status, await adit.ExitAsync());
        await sshd.UntilNoConnectionAsync();
    }

    [AditTheory]
    [InlineData(PosixSignal.SIGINT, "INT")]
    [InlineData(PosixSignal.SIGTERM, "TERM")]
    [InlineData(PosixSignal.SIGHUP, "HUP")]
    [InlineData(PosixSignal.SIGQUIT, "QUIT")]
    public async Task A_signal_is_the_commands_to_answer(PosixSignal signal, string name)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var adit = await RunAsync(files, echo.Port, "bash", "-c", $"trap 'echo got {name}; exec <&-; exit 3' {name}; echo ready; while read -t 60 line; do :; done");
        await adit.OutputAsync("ready");

        adit.Signal(signal);

        Assert.Equal(3, await adit.ExitAsync());
        Assert.Contains($"got {name}", adit.Output.Text, StringComparison.Ordinal);
    }

    [AditFact]
    public async Task The_key_of_the_terminal_interrupts_the_command_once_and_the_tunnel_stays_until_the_command_ends()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var folder = RunFolder.Create("interrupt");
        var script = Path.Combine(folder, "command");
        await File.WriteAllTextAsync(script, $$"""
            n=0
            trap 'n=$((n+1)); echo "interrupted $n"' INT
            echo ready
            until [ -e {{folder}}/go ]; do sleep 0.05; done
            bash -c '{{Talk("$ADIT_PORT")}}'
            exit 4
            """);
        var adit = await StartAditOnTerminalAsync(RunArguments(files, echo.Port, "bash", script));
        await adit.OutputAsync("ready");

        await adit.Input.WriteAsync('\x03');
        await adit.Input.FlushAsync();
        await adit.OutputAsync("interrupted 1");
        await File.WriteAllTextAsync(Path.Combine(folder, "go"), "");

        Assert.Equal(4, await adit.ExitAsync());
        Assert.Contains("through", adit.Output.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("interrupted 2", adit.Output.Text, StringComparison.Ordinal);
        RunFolder.Remove(folder);
    }

    [AditFact]
    public async Task A_tunnel_that_is_lost_for_good_ends_the_command_with_a_message()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, "AditReconnect no");
        var adit = await RunAsync(files, echo.Port, "sh", "-c", "echo pid=$$; exec cat");
        var pid = int.Parse((await adit.OutputAsync("pid=([0-9]+)")).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

        sshd.KillConnections();

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains("the tunnel is lost for good", adit.Error.Text, StringComparison.Ordinal);
        Assert.True(ProcessTree.Find(pid) is null or { State: 'Z' });
    }

    [AditFact]
    public async Task A_lifetime_ends_the_command_too()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync("run", "-F", files.ConfigPath, "--lifetime", "1", SshClientFiles.Alias, "-L", Target(echo.Port), "--", "cat");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains("as old as it may get (AditLifetime); ending cat", adit.Error.Text, StringComparison.Ordinal);
    }

    [AditFact]
    [Trait("Surface", "S0-2")]
    public async Task A_run_that_is_killed_leaves_no_port_no_session_and_no_command()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var held = await HoldAsync(files, echo.Port);
        Assert.True(LoopbackPort.IsListening(held.Port));
        var command = Assert.Single(ProcessTree.Descendants(held.Adit.Pid));

        held.Adit.Kill();

        await LoopbackPort.UntilClosedAsync(held.Port);
        await sshd.UntilNoConnectionAsync();
        await Patience.UntilAsync(() => !ProcessTree.IsAlive(command), "the command should end");
    }
}

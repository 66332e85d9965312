using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>One connection for several processes (ControlMaster, ControlPath, ControlPersist), by the command.</summary>
public sealed class SharingTests(ITestOutputHelper output) : TunnelTest(output)
{
    private readonly string _folder = RunFolder.Create("sharing");

    private string ControlPath => Path.Combine(_folder, "control");

    [Fact]
    public async Task A_connection_that_was_to_persist_and_cannot_be_shared_is_an_error_and_leaves_no_process()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var adit = await StartAditAsync("-F", files.ConfigPath, "-o", "ControlMaster=auto", "-o", "ControlPersist=yes",
            "-S", Path.Combine(_folder, "missing", "control"), SshClientFiles.Alias, "echo ran");
        adit.Input.Close();

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains("missing", adit.Error.Text, StringComparison.Ordinal);
        Assert.Empty(adit.Output.Text);
        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    public async Task A_shared_session_learns_that_its_terminal_has_another_size()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var master = await StartAditAsync("-F", files.ConfigPath, "-M", "-S", ControlPath, "-N", SshClientFiles.Alias);
        await Patience.UntilAsync(() => File.Exists(ControlPath), "the master should listen", () => master.Log);
        var terminal = await StartAditOnTerminalAsync("-F", files.ConfigPath, "-S", ControlPath, "-t", SshClientFiles.Alias,
            "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done");
        await terminal.OutputAsync("ready");
        var adit = ProcessTree.Descendants(terminal.Pid).Single(static entry => entry.Command is "adit" or "ssh");

        await ChildProcess.RunAsync(new("stty", ["-F", new FileInfo($"/proc/{adit.Pid}/fd/0").LinkTarget!, "rows", "33", "cols", "77"]));

        await terminal.OutputAsync("33 77");
        Assert.Equal(0, await terminal.ExitAsync());
    }

    [Fact]
    public async Task A_connection_that_is_lost_before_its_session_begins_is_an_error()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var waits = Path.Combine(_folder, "waits");
        var adit = await StartAditAsync("-F", files.ConfigPath, "-o", "PermitLocalCommand=yes",
            "-o", $"LocalCommand=touch {waits}; while [ -e {waits} ]; do sleep 0.1; done", SshClientFiles.Alias, "echo ran");
        adit.Input.Close();
        await Patience.UntilAsync(() => File.Exists(waits), "LocalCommand should run", () => adit.Log);
        sshd.KillConnections();
        await sshd.UntilNoConnectionAsync();
        File.Delete(waits);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.DoesNotContain("Unhandled", adit.Error.Text, StringComparison.Ordinal);
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Adit.Client;
using Adit.Platform;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Transport;
using Adit.Wording;

namespace Adit.Cli.Commands;

/// <summary>A command that is run here with a tunnel of its own: it alone may use it, and it ends with it. Signals may come at any time.</summary>
/// <param name="words">The program and its arguments, as they were written.</param>
/// <param name="isPostgres">Whether all forwards lead to PostgreSQL, whatever their ports.</param>
/// <param name="output">Takes what there is to say.</param>
internal sealed class CommandRun(IReadOnlyList<string> words, bool isPostgres, Output output)
{
    private const int Failed = 255;
    private const int NoSuchFile = 2;

    // A command whose tunnel is gone is asked to end, and has this long to put its things in order.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly CommandAdmission _admission = new();
    private readonly Lock _sync = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;

    /// <summary>Admits the command's processes.</summary>
    public Admission Admission => _admission;

    /// <summary>Passes a signal on to the command; false where it does not run yet.</summary>
    public bool TryPass(PosixSignal signal)
    {
        lock (_sync)
        {
            if (_process is null)
                return false;
            // What a key of the terminal sends comes to all of its foreground, the command too. Whether it was the key cannot be told: the
            // runtime keeps to itself who sent a signal, and has threads before any code of ours could block one to read it by signalfd(2).
            if (signal is not (PosixSignal.SIGINT or PosixSignal.SIGQUIT) || OperatingSystem.IsWindows() || !TerminalJob.IsInForeground())
                Send(signal);
            return true;
        }
    }

    /// <summary>Whether it is there at all: looked for before anybody is asked for a password.</summary>
    /// <returns>Null where it is; else what to return.</returns>
    public int? Missing()
    {
        if (Program() is not null)
            return null;
        output.Error($"{words[0]}: there is no such command");
        return ProgramSearch.NotFound;
    }

    /// <summary>Starts it and waits for its end.</summary>
    /// <param name="tunnel">Its tunnel, with its forwards.</param>
    /// <param name="stop">Ends the command.</param>
    /// <returns>What it returned, 128 and the number for a signal; 255 where the tunnel was lost for good.</returns>
    public async Task<int> RunAsync(Tunnel tunnel, CancellationToken stop)
    {
        try
        {
            return (Missing() ?? Start(LocalEnd.Of(tunnel, isPostgres), stop)) is { } failed ? failed : await HoldAsync(_process!, tunnel, stop);
        }
        finally
        {
            _admission.End();
            _ended.TrySetResult();
        }
    }

    private async Task<int> HoldAsync(Process process, Tunnel tunnel, CancellationToken stop)
    {
        _admission.Begin(process.Id);
        Task exited = process.WaitForExitAsync(CancellationToken.None);
        if (await Task.WhenAny(exited, tunnel.Ended.WaitAsync(stop)) == exited)
            return process.ExitCode;
        if (!stop.IsCancellationRequested)
        {
            SshClosedException reason = await tunnel.Ended;
            output.Error(reason.Reason is CloseReason.Expired or CloseReason.Closed
                ? $"{reason.Message}; ending {words[0]}"
                : $"the tunnel is lost for good: {Printable.Text(reason.Message)}; ending {words[0]}");
        }

        Send(PosixSignal.SIGTERM);
        if (await Task.WhenAny(exited, Task.Delay(Grace, CancellationToken.None)) != exited)
            process.Kill();
        await exited;
        stop.ThrowIfCancellationRequested();
        return Failed;
    }

    // The exit code where it cannot be started. A signal that comes meanwhile waits for the lock, and then finds the command.
    private int? Start(IReadOnlyList<LocalEnd> ends, CancellationToken stop)
    {
        var start = new ProcessStartInfo(Program()!, words.Skip(1).Select(word => CommandSetting.Replace(word, ends))) { UseShellExecute = false };
        foreach ((string name, string? value) in CommandSetting.Environment(ends))
            Set(start.Environment, name, value);
        try
        {
            lock (_sync)
            {
                stop.ThrowIfCancellationRequested();
                _process = MortalProgram.Start(start, _ended.Task);
            }

            return null;
        }
        catch (Win32Exception e)
        {
            output.Error($"{words[0]} cannot be run: {Marshal.GetPInvokeErrorMessage(e.NativeErrorCode)}");
            return e.NativeErrorCode == NoSuchFile ? ProgramSearch.NotFound : ProgramSearch.NotExecutable;
        }
    }

    private string? Program() => ProgramSearch.Find(words[0], Environment.GetEnvironmentVariable("PATH"));

    private void Set(IDictionary<string, string?> environment, string name, string? value)
    {
        if (value is not null)
            environment[name] = value;
        else if (environment.Remove(name, out string? removed))
            output.Notice($"{name}={Printable.Text(removed ?? string.Empty)} is not handed to {words[0]}, since it would lead past the tunnel");
    }

    private void Send(PosixSignal signal)
    {
        if (OperatingSystem.IsWindows() || _process is not { HasExited: false } process)
            return;
        _ = LinuxCalls.Kill(process.Id, signal switch
        {
            PosixSignal.SIGHUP => 1,
            PosixSignal.SIGINT => 2,
            PosixSignal.SIGQUIT => 3,
            _ => 15,
        });
    }
}

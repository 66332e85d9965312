using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Sessions;

namespace Adit.Cli;

/// <summary>
/// Settings of a terminal that hold for a while, and come back whatever ends that while: disposal, an exception that nobody takes, a signal
/// that ends this process or stops it. Stopped and continued, the process has them again. Modes may hold within others.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class TerminalMode : IDisposable
{
    // SIGSTOP
    private static readonly int Stop = OperatingSystem.IsMacOS() ? 17 : 19;

    private static readonly Lock Sync = new();
    private static readonly List<TerminalMode> Held = [];
    private static readonly List<PosixSignalRegistration> Signals = [];

    private static TaskCompletionSource? _continued;

    private readonly SafeHandle _terminal;
    private readonly TerminalDevice.When _when;
    private readonly TerminalSettings _before;
    private readonly TerminalSettings _changed;

    private TerminalMode(SafeHandle terminal, TerminalDevice.When when, TerminalSettings before, TerminalSettings changed)
    {
        _terminal = terminal;
        _when = when;
        _before = before;
        _changed = changed;
    }

    /// <summary>Raised when the process was continued, and its terminal may be another size.</summary>
    public static event Action? Continued;

    /// <summary>Changes the settings of a terminal until disposal.</summary>
    /// <param name="terminal">Its descriptor, which has to stay open as long.</param>
    /// <param name="when">When a change counts.</param>
    /// <param name="change">What is different.</param>
    /// <returns>Null where the descriptor is no terminal.</returns>
    public static TerminalMode? Enter(SafeHandle terminal, TerminalDevice.When when, Func<TerminalSettings, TerminalSettings> change)
    {
        lock (Sync)
        {
            if (TerminalDevice.Settings(terminal) is not { } before)
                return null;
            var mode = new TerminalMode(terminal, when, before, change(before));
            if (Signals.Count == 0)
                Watch();
            Held.Add(mode);
            TerminalDevice.Apply(terminal, when, mode._changed);
            return mode;
        }
    }

    /// <summary>Puts the settings back until the returned mode is disposed.</summary>
    public TerminalMode? Pause() => Enter(_terminal, TerminalDevice.When.Drained, _ => _before);

    /// <summary>
    /// Stops this process, with its terminals as they were before any mode, while one holds. Completes when it was continued; at once where
    /// nobody is there to continue it.
    /// </summary>
    /// <param name="forGood">Whether the terminals are left to others: no mode holds any more then. To change one in the background would stop this process.</param>
    public static Task SuspendAsync(bool forGood = false)
    {
        lock (Sync)
        {
            if (Held.Count == 0 || TerminalJob.IsOrphaned())
                return Task.CompletedTask;
            RestoreAll();
            if (forGood)
                Held.Clear();
            _continued ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

            // The stop may strike a little after the call: what follows it is OnContinued's.
            _ = LinuxCalls.Kill(Environment.ProcessId, Stop);
            return _continued.Task;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Sync)
        {
            if (!Held.Remove(this))
                return;
            TerminalDevice.Apply(_terminal, _when, _before);
            if (Held.Count == 0)
                Unwatch();
        }
    }

    // Whoever takes one of the first four of these signals and goes on ends the session of it all the same.
    private static void Watch()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT])
            Signals.Add(PosixSignalRegistration.Create(signal, static _ => OnEnd()));
        Signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, static context =>
        {
            context.Cancel = true;
            _ = SuspendAsync();
        }));
        Signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, static context =>
        {
            // Else the runtime gives the terminal the settings with which it found it.
            context.Cancel = true;
            OnContinued();
        }));
        AppDomain.CurrentDomain.ProcessExit += OnProcessEnd;
        AppDomain.CurrentDomain.UnhandledException += OnProcessEnd;
    }

    private static void Unwatch()
    {
        foreach (PosixSignalRegistration signal in Signals)
            signal.Dispose();
        Signals.Clear();
        AppDomain.CurrentDomain.ProcessExit -= OnProcessEnd;
        AppDomain.CurrentDomain.UnhandledException -= OnProcessEnd;
    }

    private static void OnContinued()
    {
        TaskCompletionSource? waiting;
        lock (Sync)
        {
            foreach (TerminalMode mode in Held)
                TerminalDevice.Apply(mode._terminal, TerminalDevice.When.Drained, mode._changed);
            waiting = _continued;
            _continued = null;
        }

        Continued?.Invoke();
        waiting?.TrySetResult();
    }

    private static void OnProcessEnd(object? sender, EventArgs e) => OnEnd();

    private static void OnEnd()
    {
        lock (Sync)
            RestoreAll();
    }

    // The innermost first: its settings before are those of the mode around it.
    private static void RestoreAll()
    {
        for (int i = Held.Count - 1; i >= 0; i--)
            TerminalDevice.Apply(Held[i]._terminal, Held[i]._when, Held[i]._before);
    }
}

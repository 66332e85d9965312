using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Cli.Sessions;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Platform;
using Adit.Sessions;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli;

/// <summary>One run of adit as ssh over the connection of a master that is there: nothing is connected, and nobody logs in.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SharedRun(HostConfig config, Output output)
{
    private const int Failed = 255;

    private static readonly SafeFileHandle Input = new(0, ownsHandle: false);
    private static readonly SafeFileHandle Out = new(1, ownsHandle: false);
    private static readonly SafeFileHandle Error = new(2, ownsHandle: false);

    /// <summary>Whether the server was asked to do something, so that to begin anew would do it twice.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Runs it.</summary>
    /// <exception cref="MuxException">The master is gone, or said no.</exception>
    public async Task<int> RunAsync(MuxClient master, CancellationToken stop)
    {
        int pid = await master.CheckAsync(stop);
        output.Debug($"the master of this connection is process {pid}");
        foreach (MuxForward forward in ControlCommand.Forwards(config))
        {
            if (await master.ForwardAsync(forward, stop) is { } port)
                output.Notice($"Allocated port {port} for remote forward to {forward.Spec.Target?.ToString() ?? "what its clients name by SOCKS"}");
        }

        if (config.StdioForward is { } target)
        {
            await master.ForwardStdioAsync(target, Input, Out, opened: () => HasBegun = true, stop);
            return 0;
        }

        return config.SessionType is SessionType.None ? await HoldAsync(master, stop) : await SessionAsync(master, pid, stop);
    }

    // The forwards are the master's, but they end with the process that asked for them.
    private async Task<int> HoldAsync(MuxClient master, CancellationToken stop)
    {
        Background.Child?.Ready();
        try
        {
            await master.WaitForEndAsync(stop);
            output.Error($"the shared connection to {config.Alias} was lost");
            return Failed;
        }
        catch (OperationCanceledException)
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            using MuxClient canceller = await MuxClient.ConnectAsync(config.ControlPath!, soon.Token);
            foreach (MuxForward forward in ControlCommand.Forwards(config))
                await canceller.CancelForwardAsync(forward, soon.Token);
            throw;
        }
    }

    private async Task<int> SessionAsync(MuxClient master, int pid, CancellationToken stop)
    {
        TerminalDecision terminal = config.RequestTty.Decide(config.Command is not null, SessionRun.InputIsTerminal, config.StdinNull);
        bool wantsTerminal = terminal is TerminalDecision.Wanted or TerminalDecision.Required;
        var request = new MuxSessionRequest
        {
            WantsTerminal = wantsTerminal,
            IsSubsystem = config.SessionType is SessionType.Subsystem,
            EscapeChar = config.EscapeChar,
            Terminal = SessionEnvironment.Term(config.SetEnv, Environment.GetEnvironmentVariable),
            Command = config.Command ?? string.Empty,
            Environment = [.. SessionEnvironment.Select(SessionRun.Variables(), config.SendEnv, config.SetEnv).Select(static variable => $"{variable.Key}={variable.Value}")],
        };
        TerminalMode? mode = null;
        using PosixSignalRegistration? resized = wantsTerminal ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => LinuxCalls.Kill(pid, WindowChanged)) : null;
        using SafeFileHandle nothing = File.OpenHandle("/dev/null");
        try
        {
            int? status = await master.RunSessionAsync(
                request,
                config.StdinNull ? nothing : Input,
                Out,
                Error,
                opened: () =>
                {
                    HasBegun = true;
                    Background.Child?.Ready(keepStandardOutput: true);
                    mode = wantsTerminal ? TerminalMode.Enter(Input, TerminalDevice.When.Drained, static settings => settings.Raw()) : null;
                },
                terminalRefused: () => mode?.Dispose(),
                stop);
            mode?.Dispose();
            if (status is null)
                output.Error($"the shared connection to {config.Alias} was lost");
            else if (wantsTerminal)
                output.Notice($"Shared connection to {config.Alias} closed.");
            return status ?? Failed;
        }
        finally
        {
            mode?.Dispose();
        }
    }

    // SIGWINCH
    private const int WindowChanged = 28;
}

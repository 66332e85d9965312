using System.Runtime.Versioning;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Ssh.Transport;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit.Cli.Sessions;

/// <summary>The session of one run of adit as ssh: a shell, a command or a subsystem, on the tunnel's connection.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class TunnelSession(Tunnel tunnel, HostConfig config, Output output)
{
    private const int Failed = 255;

    /// <summary>Runs it to its end, and then stays while somebody uses the connection, as ssh does.</summary>
    /// <returns>The exit code of this process.</returns>
    /// <exception cref="SshException">The server refused the session, or the connection is lost.</exception>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        TerminalDecision terminal = config.RequestTty.Decide(config.Command is not null, SessionRun.InputIsTerminal, config.StdinNull);
        var run = new SessionRun
        {
            Options = new()
            {
                Kind = config.SessionType is SessionType.Subsystem ? SessionKind.Subsystem : config.Command is null ? SessionKind.Shell : SessionKind.Command,
                Text = config.Command ?? string.Empty,
                Environment = SessionEnvironment.Select(SessionRun.Variables(), config.SendEnv, config.SetEnv),
            },
            Terminal = terminal,
            Term = SessionEnvironment.Term(config.SetEnv, Environment.GetEnvironmentVariable),
            InputIsNull = config.StdinNull || Background.Child is not null,
            EscapeCharacter = config.EscapeChar is { } escape and < (char)128 ? (byte)escape : null,
            Actions = (session, run) => new SessionActions(tunnel, config, output, session, run, leave),
            Notice = output.Notice,
        };
        bool hadTerminal = terminal is TerminalDecision.Wanted or TerminalDecision.Required;
        int code;
        try
        {
            // It may have been lost while the forwards were opened, or LocalCommand ran.
            SshLink link = tunnel.Link ?? throw new SshException("the connection was lost before the session began");
            SessionResult result = await run.RunAsync(link.Connection, leave.Token);
            code = result.ExitCode;
            if (tunnel.Reason is { Reason: CloseReason.Expired } expired)
                output.Notice(expired.Message);
            else if (result.Lost is { } lost)
                output.Error($"connection to {config.Alias} lost: {Printable.Text(lost.Message)}");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            output.Notice($"Connection to {config.Alias} closed.");
            return Failed;
        }

        if (hadTerminal)
            output.Notice($"Connection to {config.Alias} closed.");

        await tunnel.UnusedAsync(stop);
        return code;
    }
}

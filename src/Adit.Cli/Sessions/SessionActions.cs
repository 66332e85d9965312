using System.Runtime.Versioning;
using System.Text;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Sessions;
using Adit.Ssh;
using Adit.Wording;

namespace Adit.Cli.Sessions;

/// <summary>What escape sequences do to a tunnel and its session.</summary>
/// <param name="tunnel">The tunnel.</param>
/// <param name="config">Where it leads.</param>
/// <param name="output">Where messages go.</param>
/// <param name="session">The session.</param>
/// <param name="run">What holds the terminal.</param>
/// <param name="leave">Ends the session.</param>
[UnsupportedOSPlatform("windows")]
internal sealed class SessionActions(
    Tunnel tunnel, HostConfig config, Output output, ClientSession session, SessionRun run, CancellationTokenSource leave) : ISessionActions
{
    private static readonly TimeSpan BreakLength = TimeSpan.FromSeconds(1);

    private readonly Stream _error = Console.OpenStandardError();

    public bool IsMultiplexed => false;

    public bool AllowsCommandLine => config.EnableEscapeCommandline;

    public bool AllowsLocalCommands => config.PermitLocalCommand;

    public bool LogsToTerminal => output.IsTerminal;

    public ValueTask SayAsync(string text, CancellationToken cancellationToken) => _error.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    public void Disconnect() => leave.Cancel();

    public async ValueTask SuspendAsync(CancellationToken cancellationToken) => await TerminalMode.SuspendAsync().WaitAsync(cancellationToken);

    // A process cannot leave its shell behind, as ssh does by forking; but it can be stopped and go on once the shell has the terminal.
    public async ValueTask<bool> BackgroundAsync(CancellationToken cancellationToken)
    {
        if (TerminalJob.IsOrphaned())
        {
            await SayAsync("there is no shell to give the terminal to\r\n", cancellationToken);
            return false;
        }

        await tunnel.StopListeningAsync();
        await SayAsync($"{config.Alias}: goes on in the background as process {Environment.ProcessId} until its connections are closed\r\n", cancellationToken);
        using System.Diagnostics.Process waker = TerminalJob.ContinueSoon();
        await TerminalMode.SuspendAsync(forGood: true);
        await waker.WaitForExitAsync(cancellationToken);
        return true;
    }

    public IReadOnlyList<OpenConnection> Connections() => ConnectionText.Channels(tunnel);

    public string Connection() => ConnectionText.Connection(tunnel, config, "\r\n");

    public void Break() => session.Break(BreakLength);

    public void Rekey() => tunnel.Link?.Connection.Rekey();

    public string ChangeLogLevel(bool more) => output.ChangeLevel(more) switch
    {
        LogVerbosity.Debug1 => "DEBUG",
        LogVerbosity level => level.ToString().ToUpperInvariant(),
    };

    public async ValueTask<string?> AskAsync(string prompt, CancellationToken cancellationToken)
    {
        using TerminalMode? paused = run.Pause();
        return await Prompt.TextAsync(prompt, cancellationToken) is { } line ? Encoding.UTF8.GetString(line) : null;
    }

    public async ValueTask<string> RunAsync(EscapeCommand command, CancellationToken cancellationToken)
    {
        try
        {
            switch (command.Kind)
            {
                case EscapeCommandKind.LocalForward:
                    return await OpenAsync(ForwardDirection.Local, ForwardSpec.ParseLocal(command.Argument), cancellationToken);
                case EscapeCommandKind.DynamicForward:
                    return await OpenAsync(ForwardDirection.Local, ForwardSpec.ParseDynamic(command.Argument), cancellationToken);
                case EscapeCommandKind.RemoteForward:
                    return await OpenAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote(command.Argument), cancellationToken);
                case EscapeCommandKind.CancelLocalForward or EscapeCommandKind.CancelDynamicForward:
                    return await CancelAsync(ForwardDirection.Local, command.Argument);
                case EscapeCommandKind.CancelRemoteForward:
                    return await CancelAsync(ForwardDirection.Remote, command.Argument);
                case EscapeCommandKind.LocalCommand:
                    using (run.Pause())
                        await LocalCommand.RunAsync(command.Argument, cancellationToken);
                    return string.Empty;
                default:
                    return "Invalid command.";
            }
        }
        catch (Exception e) when (e is FormatException or IOException or SshException)
        {
            return Printable.Text(e.Message);
        }
    }

    private async ValueTask<string> OpenAsync(ForwardDirection direction, ForwardSpec spec, CancellationToken cancellationToken)
    {
        TunnelForward forward = await tunnel.AddAsync(direction, spec, cancellationToken);
        return $"Forwarding port: {string.Join(", ", forward.Endpoints)}";
    }

    // [bind_address:]port, or a path.
    private async ValueTask<string> CancelAsync(ForwardDirection direction, string argument) =>
        await tunnel.CancelAsync(direction, ForwardSpec.ParseDynamic(argument).Listen) ? "Canceled forwarding." : "Unknown port forwarding.";
}

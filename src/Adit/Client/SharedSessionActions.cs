using System.Runtime.Versioning;
using System.Text;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Sessions;

namespace Adit.Client;

/// <summary>What escape sequences do in a session of a client: nothing that is about the master's process or its connection as a whole.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SharedSessionActions(
    ClientSession session, Tunnel tunnel, HostConfig config, MuxStandardStreams streams, CancellationTokenSource leave) : ISessionActions
{
    private static readonly TimeSpan BreakLength = TimeSpan.FromSeconds(1);

    public bool IsMultiplexed => true;

    public bool AllowsCommandLine => false;

    public bool AllowsLocalCommands => false;

    public bool LogsToTerminal => false;

    public async ValueTask SayAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            await streams.Error.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The session does not depend on whether anybody reads this.
        }
    }

    public void Disconnect() => leave.Cancel();

    public ValueTask SuspendAsync(CancellationToken cancellationToken) => default;

    public ValueTask<bool> BackgroundAsync(CancellationToken cancellationToken) => ValueTask.FromResult(false);

    public IReadOnlyList<OpenConnection> Connections() => ConnectionText.Channels(tunnel);

    public string Connection() => ConnectionText.Connection(tunnel, config, "\r\n");

    public void Break() => session.Break(BreakLength);

    public void Rekey() => tunnel.Link?.Connection.Rekey();

    public string ChangeLogLevel(bool more) => string.Empty;

    public ValueTask<string?> AskAsync(string prompt, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask<string> RunAsync(EscapeCommand command, CancellationToken cancellationToken) => ValueTask.FromResult(string.Empty);
}

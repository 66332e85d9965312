using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.OpenSsh;
using Adit.Sessions;

namespace Adit.Client;

/// <summary>
/// A session that a client of a master runs on its own streams. The client has no other say in it: the master looks for escape sequences,
/// and asks the client's terminal for its size whenever the client passes SIGWINCH on to it.
/// </summary>
/// <param name="session">The session, which it owns.</param>
/// <param name="tunnel">The tunnel.</param>
/// <param name="config">Where it leads.</param>
/// <param name="streams">The client's streams.</param>
/// <param name="request">What the client asked for.</param>
[SupportedOSPlatform("linux")]
internal sealed class SharedSession(ClientSession session, Tunnel tunnel, HostConfig config, MuxStandardStreams streams, MuxSessionRequest request) : IMuxSession
{
    /// <inheritdoc/>
    public async Task<int?> RunAsync(Func<ValueTask> terminalRefused, CancellationToken cancellationToken)
    {
        if (request.WantsTerminal && !session.HasTerminal)
            await terminalRefused().ConfigureAwait(false);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PosixSignalRegistration? resized = session.HasTerminal ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => OnResize()) : null;
        try
        {
            SessionResult result = await session.RunAsync(new(Typed(leave), streams.Output, streams.Error), leave.Token).ConfigureAwait(false);
            return result.Lost is null ? result.ExitCode : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null; // the escape sequence
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => session.DisposeAsync();

    private Stream Typed(CancellationTokenSource leave) => session.HasTerminal && request.EscapeChar is { } escape and < (char)128
        ? new EscapeInput(streams.Input, new EscapeParser((byte)escape), new SharedSessionActions(session, tunnel, config, streams, leave))
        : streams.Input;

    private void OnResize()
    {
        try
        {
            session.Resize(TerminalDevice.Size(streams.Input.Descriptor));
        }
        catch (ObjectDisposedException)
        {
            // The signal came as the session ended.
        }
    }
}

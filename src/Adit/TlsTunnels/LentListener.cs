using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>A listener that goes on when those who use it are replaced by others.</summary>
/// <param name="inner">The listener; not owned.</param>
/// <param name="resets">Whether its connections are reset where something failed.</param>
internal sealed class LentListener(IListener inner, bool resets) : IListener
{
    /// <inheritdoc/>
    public IReadOnlyList<Endpoint> Endpoints => inner.Endpoints;

    /// <inheritdoc/>
    public bool IsExposed => inner.IsExposed;

    /// <inheritdoc/>
    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        IncomingConnection? incoming = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
        if (incoming is SocketConnection socket)
            socket.Resets = resets;
        return incoming;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => default;
}

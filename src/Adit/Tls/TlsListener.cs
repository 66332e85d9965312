using Adit.Relay;

namespace Adit.Tls;

/// <summary>A listener whose clients begin with TLS, over any other listener.</summary>
/// <param name="inner">The listener; owned.</param>
/// <param name="settings">How TLS is begun, asked for each connection, so that what was read anew holds for the next one.</param>
internal sealed class TlsListener(IListener inner, Func<TlsServerSettings> settings) : IListener
{
    /// <inheritdoc/>
    public IReadOnlyList<Endpoint> Endpoints => inner.Endpoints;

    /// <inheritdoc/>
    public bool IsExposed => inner.IsExposed;

    /// <inheritdoc/>
    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) =>
        await inner.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } incoming ? new TlsConnection(incoming, settings()) : null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

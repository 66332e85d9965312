using Adit.Relay;

namespace Adit.Socks;

/// <summary>
/// A listener whose clients name their targets by SOCKS 4, 4a or 5 (RFC 1928): CONNECT only, without login; names are looked up at the
/// far side. Over any other listener, be it on this machine or on the far side of an SSH connection.
/// </summary>
internal sealed class SocksListener : IListener
{
    private readonly IListener _inner;

    /// <summary>Takes a listener over.</summary>
    public SocksListener(IListener inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Endpoint> Endpoints => _inner.Endpoints;

    /// <inheritdoc/>
    public bool IsExposed => _inner.IsExposed;

    /// <inheritdoc/>
    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) =>
        await _inner.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } incoming ? new SocksConnection(incoming) : null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();
}

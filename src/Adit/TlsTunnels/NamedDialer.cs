using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>Dials as the service does that a client has asked for by name.</summary>
/// <param name="dialers">The services' dialers.</param>
internal sealed class NamedDialer(IReadOnlyDictionary<string, IDialer> dialers) : IDialer
{
    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        dialers[origin.Service].DialAsync(target, origin, cancellationToken);
}

using Adit.Relay;

namespace Adit.Tls;

/// <summary>Reaches a server whose connections come out of a TLS server in front of it, which decides where they lead.</summary>
/// <param name="tls">Speaks TLS.</param>
/// <param name="front">The TLS server.</param>
internal sealed class ThroughTlsDialer(TlsDialer tls, Endpoint front) : IDialer
{
    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        DialedConnection dialed = await tls.DialAsync(front, origin, cancellationToken).ConfigureAwait(false);
        return dialed with { Route = dialed.Route.Then(new Leg(front.ToString(), target.ToString(), LegProtection.None)) };
    }
}

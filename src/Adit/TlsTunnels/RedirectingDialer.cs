using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>Dials elsewhere for those whose certificate is not accepted.</summary>
/// <param name="inner">Dials for all others.</param>
/// <param name="elsewhere">Dials for them.</param>
internal sealed class RedirectingDialer(IDialer inner, IDialer elsewhere) : IDialer
{
    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        (origin.IsRedirected ? elsewhere : inner).DialAsync(target, origin, cancellationToken);
}

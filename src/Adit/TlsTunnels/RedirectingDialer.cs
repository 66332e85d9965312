using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>Dials elsewhere for those who are led there, since their certificate is not accepted.</summary>
/// <param name="inner">Dials for all others.</param>
/// <param name="elsewhere">Dials for them.</param>
/// <param name="target">What is asked for by those who are led elsewhere.</param>
internal sealed class RedirectingDialer(IDialer inner, IDialer elsewhere, Endpoint target) : IDialer
{
    /// <inheritdoc/>
    public ValueTask<DialedConnection> DialAsync(Endpoint asked, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        (ReferenceEquals(asked, target) ? elsewhere : inner).DialAsync(asked, origin, cancellationToken);
}

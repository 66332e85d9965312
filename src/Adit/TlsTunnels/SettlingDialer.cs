using Adit.Relay;
using Adit.StartTls;

namespace Adit.TlsTunnels;

/// <summary>Brings a plain target to where its client is already, which has heard a greeting from here.</summary>
/// <param name="inner">Reaches the target.</param>
/// <param name="opening">Knows what the target says first.</param>
internal sealed class SettlingDialer(IDialer inner, TlsOpening opening) : IDialer
{
    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        DialedConnection dialed = await inner.DialAsync(target, origin, cancellationToken).ConfigureAwait(false);
        try
        {
            var stream = new DuplexStream(dialed.Duplex);
            await opening.SettleTargetAsync(stream, cancellationToken).ConfigureAwait(false);
            byte[] unread = stream.Unread.ToArray();
            return unread.Length == 0 ? dialed : dialed with { Duplex = new PrefixedDuplex(unread, dialed.Duplex) };
        }
        catch (Exception e)
        {
            await dialed.Duplex.AbandonAsync().ConfigureAwait(false);
            if (e is IOException)
                throw e as DialException ?? new DialException(target, DialFailure.Other, e.Message, e);
            throw;
        }
    }
}

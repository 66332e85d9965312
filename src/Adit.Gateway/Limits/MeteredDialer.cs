using Adit.Relay;

namespace Adit.Gateway.Limits;

/// <summary>Counts the connections of another dialer against the limits of a user, until their streams are given back.</summary>
internal sealed class MeteredDialer(IDialer inner, UserTally tally) : IDialer
{
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        IDisposable place = tally.TryAddChannel()
            ?? throw new DialException(target, DialFailure.ResourceShortage, "the user has as many channels as allowed (AditMaxChannels)");
        try
        {
            DialedConnection dialed = await inner.DialAsync(target, origin, cancellationToken).ConfigureAwait(false);
            return dialed with { Duplex = new MeteredDuplex(dialed.Duplex, tally.Meter, place) };
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }
}

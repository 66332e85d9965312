using System.Net;

namespace Adit.Gateway.Policy;

/// <summary>
/// The share of each user, and of each key, in the names that the gateway looks up, over all connections: one who comes again and again
/// has no more. A share is known for as long as something is looked up in it. Safe to use from several threads.
/// </summary>
/// <param name="atATime">How many at a time, for each.</param>
internal sealed class LookupShares(int atATime)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);

    /// <summary>Whose shares are in use.</summary>
    public int Count
    {
        get
        {
            lock (_sync)
                return _shares.Count;
        }
    }

    /// <summary>A query that takes a place of one share first.</summary>
    /// <param name="holder">Whose share it is.</param>
    /// <param name="next">Where it goes on.</param>
    public NameQuery Of(string holder, NameQuery next) => (host, cancellationToken) => BeginAsync(holder, next, host, cancellationToken);

    private async Task<Task<IPAddress[]>> BeginAsync(string holder, NameQuery next, string host, CancellationToken cancellationToken)
    {
        Share share = Enter(holder);
        try
        {
            Task<IPAddress[]> looking = await share.Places.BeginAsync(host, next, cancellationToken).ConfigureAwait(false);
            _ = looking.ContinueWith(
                (_, _) => Leave(holder, share), null, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return looking;
        }
        catch
        {
            Leave(holder, share);
            throw;
        }
    }

    private Share Enter(string holder)
    {
        lock (_sync)
        {
            if (!_shares.TryGetValue(holder, out Share? share))
                _shares.Add(holder, share = new(new(atATime)));
            share.Users++;
            return share;
        }
    }

    private void Leave(string holder, Share share)
    {
        lock (_sync)
        {
            if (--share.Users == 0)
                _shares.Remove(holder);
        }
    }

    private sealed class Share(LookupPlaces places)
    {
        public LookupPlaces Places { get; } = places;

        public int Users { get; set; }
    }
}

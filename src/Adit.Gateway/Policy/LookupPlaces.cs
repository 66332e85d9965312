using System.Net;
using System.Threading.Channels;

namespace Adit.Gateway.Policy;

/// <summary>The places of those who look names up at a time.</summary>
/// <param name="count">How many there are.</param>
internal sealed class LookupPlaces(int count)
{
    // A place is taken by writing, and given back by reading.
    private readonly Channel<string> _taken = Channel.CreateBounded<string>(count);

    /// <summary>Waits for a place, and goes on to the next query. The place is taken until the system answers, also when nobody waits for that any more.</summary>
    public async Task<Task<IPAddress[]>> BeginAsync(string host, NameQuery next, CancellationToken cancellationToken)
    {
        await _taken.Writer.WriteAsync(host, cancellationToken).ConfigureAwait(false);
        try
        {
            Task<IPAddress[]> looking = await next(host, cancellationToken).ConfigureAwait(false);
            _ = looking.ContinueWith(
                static (done, places) => ((LookupPlaces)places!).GiveBack(done), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return looking;
        }
        catch
        {
            GiveBack(null);
            throw;
        }
    }

    private void GiveBack(Task? done)
    {
        _ = done?.Exception; // Nobody may be left to observe it.
        _taken.Reader.TryRead(out string? _);
    }
}

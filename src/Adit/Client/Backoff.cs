namespace Adit.Client;

/// <summary>How long to wait before the next attempt to connect: at first hardly, then twice as long each time, with a part that is random.</summary>
/// <param name="random">A number from 0 to 1, so that many clients of a server that was restarted do not come at once.</param>
internal sealed class Backoff(Func<double> random)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private TimeSpan _next = First;

    /// <summary>The wait before the next attempt: half of it certain, half of it random.</summary>
    public TimeSpan Next()
    {
        TimeSpan wait = _next * (0.5 + random() / 2);
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return wait;
    }

    /// <summary>An attempt succeeded, and lasted.</summary>
    public void Reset() => _next = First;
}

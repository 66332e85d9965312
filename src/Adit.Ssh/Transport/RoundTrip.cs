namespace Adit.Ssh.Transport;

/// <summary>
/// How long an answer of the peer takes, as far as its answers to requests tell: the least of the last minutes, since what is on the way
/// already makes others take longer. Safe to use from several threads.
/// </summary>
internal sealed class RoundTrip(TimeProvider time)
{
    /// <summary>
    /// Less is a network next door: there a window is no limit, and what is on its way is better small enough for the processor's caches.
    /// </summary>
    public static readonly TimeSpan Near = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private TimeSpan? _least;
    private long _measuredAt;
    private long _askedAt;
    private bool _isAsked;

    /// <summary>The least time; null while none is known.</summary>
    public TimeSpan? Least
    {
        get
        {
            lock (_sync)
                return _least;
        }
    }

    /// <summary>A moment for <see cref="OnAnswer"/>.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>Whether it is time to ask again; who gets a yes asks.</summary>
    public bool TryAsk()
    {
        lock (_sync)
        {
            if (_isAsked && time.GetElapsedTime(_askedAt) < BetweenQuestions)
                return false;
            _isAsked = true;
            _askedAt = time.GetTimestamp();
            return true;
        }
    }

    /// <summary>An answer has come to what was asked then.</summary>
    public void OnAnswer(long askedAt)
    {
        TimeSpan taken = time.GetElapsedTime(askedAt);
        lock (_sync)
        {
            if (_least is { } least && taken > least && time.GetElapsedTime(_measuredAt) < Memory)
                return;
            _least = taken;
            _measuredAt = time.GetTimestamp();
        }
    }
}

namespace Adit.Gateway.Limits;

/// <summary>
/// Bytes per second for all connections of one user together. Whoever takes more than there is waits until it is paid for, in the order of
/// coming. Safe to use from several threads.
/// </summary>
internal sealed class ByteRate(TimeProvider time)
{
    private readonly Lock _sync = new();
    private long? _bytesPerSecond;
    private long _paidUntil;

    /// <summary>Bytes per second; null is no limit.</summary>
    public long? BytesPerSecond
    {
        get
        {
            lock (_sync)
                return _bytesPerSecond;
        }

        set
        {
            lock (_sync)
                _bytesPerSecond = value;
        }
    }

    /// <summary>Takes bytes, and says how long to wait for them.</summary>
    public TimeSpan Take(long bytes)
    {
        lock (_sync)
        {
            if (_bytesPerSecond is not { } rate)
                return TimeSpan.Zero;
            long now = time.GetTimestamp();
            _paidUntil = Math.Max(_paidUntil, now) + (long)((double)bytes / rate * time.TimestampFrequency);
            return time.GetElapsedTime(now, _paidUntil);
        }
    }
}

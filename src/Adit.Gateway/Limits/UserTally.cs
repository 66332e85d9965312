using Adit.Gateway.Configuration;

namespace Adit.Gateway.Limits;

/// <summary>How much one connection takes of what its user may have, over all of that user's connections. Safe to use from several threads.</summary>
internal sealed class UserTally : IDisposable
{
    private readonly SharedCount[] _shared;
    private readonly Action _leave;
    private UserLimits _limits;
    private int _disposed;

    internal UserTally(SharedCount[] shared, UserLimits limits, TimeProvider time, Action leave)
    {
        _shared = shared;
        _leave = leave;
        _limits = limits;
        Meter = new(shared[0].Rate, time);
        Limits = limits;
    }

    /// <summary>The bytes of this connection.</summary>
    public ByteMeter Meter { get; }

    /// <summary>The limits in force; a reload may change them.</summary>
    public UserLimits Limits
    {
        get => Volatile.Read(ref _limits);
        set
        {
            Volatile.Write(ref _limits, value);
            _shared[0].Rate.BytesPerSecond = value.BytesPerSecond;
            Meter.IsLimited = value.BytesPerSecond is not null;
        }
    }

    /// <summary>A place for one more channel, to be given back; null when there is none.</summary>
    public IDisposable? TryAddChannel() => Place.TryTake(_shared, static count => ref count.Channels, Limits.Channels);

    /// <summary>A place for one more remote forward, to be given back; null when there is none.</summary>
    public IDisposable? TryAddListener() => Place.TryTake(_shared, static count => ref count.Listeners, Limits.Listeners);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _leave();
    }

    /// <summary>What the connections of one user, or with one key, have together.</summary>
    internal sealed class SharedCount(TimeProvider time)
    {
        public int Connections;
        public int Channels;
        public int Listeners;

        public ByteRate Rate { get; } = new(time);
    }

    private delegate ref int Field(SharedCount count);

    private sealed class Place(SharedCount[] shared, Field field) : IDisposable
    {
        private int _given;

        public static Place? TryTake(SharedCount[] shared, Field field, int? limit)
        {
            for (int i = 0; i < shared.Length; i++)
            {
                if (Interlocked.Increment(ref field(shared[i])) <= (limit ?? int.MaxValue))
                    continue;
                for (; i >= 0; i--)
                    Interlocked.Decrement(ref field(shared[i]));
                return null;
            }

            return new(shared, field);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) != 0)
                return;
            foreach (SharedCount count in shared)
                Interlocked.Decrement(ref field(count));
        }
    }
}

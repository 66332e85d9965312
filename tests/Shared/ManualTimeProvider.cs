namespace Adit.Tests.Shared;

/// <summary>A clock that moves only when told; its timers fire inside <see cref="Advance"/>, in their order.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _elapsed;
    private TimeSpan _slept;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _start + _elapsed + _slept;
    }

    public override long GetTimestamp()
    {
        lock (_lock)
            return _elapsed.Ticks;
    }

    /// <summary>How many timers are armed, so that a test can tell that somebody waits.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (_lock)
                return _timers.Count;
        }
    }

    /// <summary>The machine sleeps: the clock on the wall alone goes on.</summary>
    public void Sleep(TimeSpan time)
    {
        lock (_lock)
            _slept += time;
    }

    public void Advance(TimeSpan time)
    {
        TimeSpan until;
        lock (_lock)
            until = _elapsed + time;
        while (true)
        {
            ManualTimer? next;
            lock (_lock)
            {
                next = _timers.Where(t => t.Due <= until).MinBy(t => t.Due);
                if (next is null)
                {
                    _elapsed = until;
                    return;
                }
                _elapsed = next.Due;
                next.Rearm();
            }
            next.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ManualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            bool now;
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                _period = period;
                now = dueTime == TimeSpan.Zero;
                if (dueTime > TimeSpan.Zero)
                {
                    Due = clock._elapsed + dueTime;
                    clock._timers.Add(this);
                }
            }
            if (now)
                Fire();
            return true;
        }

        public void Rearm()
        {
            clock._timers.Remove(this);
            if (_period <= TimeSpan.Zero)
                return;
            Due += _period;
            clock._timers.Add(this);
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._lock)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

namespace Adit.Platform;

/// <summary>
/// Gives memory back to the system when most of a crowd is gone, and what only its coming took when it has come. The runtime keeps all that until
/// it has reason to collect, and peers that are gone or idle give it none. One thread at a time.
/// </summary>
/// <param name="giveBack">Does it; it may stop everything for as long as those who are left take.</param>
internal sealed class CrowdMemory(Action giveBack)
{
    // Fewer took too little to be worth a stop.
    private const int LeastChange = 100;

    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LeastBetween = TimeSpan.FromSeconds(15);

    private int _settled;
    private int _most;
    private int _last;
    private DateTimeOffset _calmSince;
    private DateTimeOffset _nextAt = DateTimeOffset.MinValue;

    /// <summary>For the memory of this process.</summary>
    public static CrowdMemory OfThisProcess() => new(static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));

    /// <summary>Tells how many there are now, connections and channels together.</summary>
    public void Check(int crowd, DateTimeOffset now)
    {
        if (crowd < _last || crowd > _most)
            _calmSince = now;
        _last = crowd;
        _most = Math.Max(_most, crowd);
        bool gone = _most - crowd >= LeastChange && crowd <= _most / 2;
        bool come = crowd - _settled >= Math.Max(LeastChange, _settled / 2);
        if (!(gone || come) || now - _calmSince < Calm || now < _nextAt)
            return;
        _settled = _most = crowd;
        _nextAt = now + LeastBetween;
        giveBack();
    }
}

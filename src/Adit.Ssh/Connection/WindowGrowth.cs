using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>
/// Lets receive windows follow what a link carries: a window that is read within the time of an answer is what holds the peer up, and is
/// doubled. All channels of a connection share what they may grow by, since a reader that stops later has that much in memory.
/// Safe to use from several threads.
/// </summary>
/// <param name="roundTrip">How long an answer takes.</param>
/// <param name="measure">Has that measured.</param>
/// <param name="time">The clock.</param>
internal sealed class WindowGrowth(RoundTrip roundTrip, Action measure, TimeProvider time)
{
    /// <summary>The largest window: enough for 10 Gbit/s over 50 ms.</summary>
    public const uint MaxWindow = 64 * 1024 * 1024;

    private const long Budget = 128 * 1024 * 1024;

    private long _spent;

    /// <summary>A moment for <see cref="Growth"/>.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>
    /// Whether windows had no reason to grow. A network next door looks like one far away while the machine is busy, until an answer comes in
    /// between. Half of what is near, so that a link at that limit does not have windows grow and shrink.
    /// </summary>
    public bool WasInVain => roundTrip.Least < RoundTrip.Near / 2;

    /// <summary>By how much a window may grow of which half was read since a moment; 0 for not at all.</summary>
    public uint Growth(uint window, long since)
    {
        measure();
        if (window >= MaxWindow || roundTrip.Least is not { } answer || answer < RoundTrip.Near || time.GetElapsedTime(since) > answer)
            return 0;
        uint growth = Math.Min(window, MaxWindow - window);
        if (Interlocked.Add(ref _spent, growth) <= Budget)
            return growth;
        GiveBack(growth);
        return 0;
    }

    /// <summary>A window that had grown by so much is gone, or has shrunk.</summary>
    public void GiveBack(uint growth) => Interlocked.Add(ref _spent, -(long)growth);
}

namespace Adit.Ssh.Kex;

/// <summary>When keys are exchanged anew, RFC 4253 section 9. Whichever comes first; the peer may do so at any time besides.</summary>
/// <param name="Bytes">Bytes in one direction. Default 1 GiB; at least 16.</param>
/// <param name="Interval">Time since the last exchange. Default one hour; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
public sealed record RekeyLimit(long Bytes, TimeSpan Interval)
{
    private const long MinBytes = 16;

    /// <summary>One GiB, one hour.</summary>
    public static RekeyLimit Default { get; } = new(1L << 30, TimeSpan.FromHours(1));

    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Bytes, MinBytes);
        if (Interval != Timeout.InfiniteTimeSpan)
            ArgumentOutOfRangeException.ThrowIfLessThan(Interval, TimeSpan.FromSeconds(1));
    }
}

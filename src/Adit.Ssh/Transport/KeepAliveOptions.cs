namespace Adit.Ssh.Transport;

/// <summary>When a silent peer is asked whether it is still there, and given up.</summary>
/// <param name="Interval">Silence after which it is asked; zero never asks.</param>
/// <param name="CountMax">So many questions may stay unanswered; at the next one the connection ends. At least 1.</param>
public sealed record KeepAliveOptions(TimeSpan Interval, int CountMax)
{
    /// <summary>No keepalive, as ssh's default.</summary>
    public static KeepAliveOptions Off { get; } = new(TimeSpan.Zero, 3);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Interval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(CountMax, 1);
    }
}

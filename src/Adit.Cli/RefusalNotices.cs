using System.Globalization;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli;

/// <summary>
/// What is said of connections that were turned away: each one, until they are many; then one now and then, with the number of those in
/// between. Whoever tries a port a thousand times a second must not fill the log. Safe to call from several threads.
/// </summary>
internal sealed class RefusalNotices
{
    /// <summary>How many may be said at once.</summary>
    internal const int Burst = 10;

    /// <summary>How long it takes until one more may be said.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private DateTimeOffset _counted;
    private double _left = Burst;
    private long _unsaid;

    /// <summary>The line to say; null to say nothing now.</summary>
    public string? Take(ConnectionRefused refused)
    {
        long unsaid;
        lock (_sync)
        {
            _left = Math.Min(Burst, _left + Math.Max(0, (refused.Time - _counted) / Interval));
            _counted = refused.Time;
            if (_left < 1)
            {
                _unsaid++;
                return null;
            }

            _left--;
            unsaid = _unsaid;
            _unsaid = 0;
        }

        string target = refused.Target is { } known ? $" to {known}" : string.Empty;
        string peer = refused.Peer is { } who ? $"{who}; " : string.Empty;
        return Printable.Text($"connection from {refused.Origin}{target} refused: {peer}{refused.Refusal.Reason}")
            + (unsaid == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" (and {unsaid} others since the last one that was told)"));
    }

    /// <summary>What there is to say at the end; null for nothing.</summary>
    public string? Rest()
    {
        lock (_sync)
        {
            long unsaid = _unsaid;
            _unsaid = 0;
            return unsaid == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{unsaid} more connections were refused and not told one by one");
        }
    }
}

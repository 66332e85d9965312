using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>A channel type, which may have wildcards, and how long it may be silent (ChannelTimeout); zero for ever.</summary>
internal sealed record ChannelTimeout(string Type, TimeSpan Timeout)
{
    /// <summary>The time limits of a channel of a type: the last pattern that fits counts.</summary>
    /// <param name="all">What is configured.</param>
    /// <param name="type">The channel's type.</param>
    /// <param name="time">The clock.</param>
    public static RelayOptions Terms(IEnumerable<ChannelTimeout> all, string type, TimeProvider time) =>
        all.LastOrDefault(timeout => PatternList.Fits(type, timeout.Type)) is { Timeout.Ticks: > 0 } fits
            ? RelayOptions.Default with { IdleTimeout = fits.Timeout, TimeProvider = time }
            : RelayOptions.Default;
}

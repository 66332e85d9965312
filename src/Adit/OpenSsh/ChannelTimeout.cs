using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>A channel type, which may have wildcards, and how long it may be silent (ChannelTimeout); zero for ever.</summary>
internal sealed record ChannelTimeout(string Type, TimeSpan Timeout)
{
    /// <summary>How long a channel may be silent: the first pattern that fits one of its types counts; null for any time.</summary>
    public static TimeSpan? Of(IEnumerable<ChannelTimeout> all, params ReadOnlySpan<string> types)
    {
        foreach (ChannelTimeout timeout in all)
        {
            foreach (string type in types)
            {
                if (PatternList.Fits(type, timeout.Type))
                    return timeout.Timeout > TimeSpan.Zero ? timeout.Timeout : null;
            }
        }

        return null;
    }

    /// <summary>The time limits of a channel of a type.</summary>
    /// <param name="all">What is configured.</param>
    /// <param name="type">The channel's type.</param>
    /// <param name="time">The clock.</param>
    public static RelayOptions Terms(IEnumerable<ChannelTimeout> all, string type, TimeProvider time) =>
        Of(all, type) is { } silence ? RelayOptions.Default with { IdleTimeout = silence, TimeProvider = time } : RelayOptions.Default;
}

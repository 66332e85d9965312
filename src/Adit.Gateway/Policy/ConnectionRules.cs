using System.Globalization;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Gateway.Policy;

/// <summary>What holds for one connection under one configuration. Immutable.</summary>
/// <param name="From">The configuration.</param>
/// <param name="Settings">Its settings, with the Match blocks that fit.</param>
/// <param name="Policy">What may be opened and where may be listened.</param>
internal sealed record ConnectionRules(GatewayConfiguration From, GatewaySettings Settings, ForwardPolicy Policy)
{
    public static ConnectionRules Of(GatewayConfiguration configuration, ConnectionSubject? subject, KeyOptions options)
    {
        GatewaySettings settings = configuration.Config.Settings(subject);
        return new(configuration, settings, new(settings, options));
    }

    /// <summary>How long a channel may be silent (ChannelTimeout; the first pattern that fits one of its types counts); null for any time.</summary>
    public TimeSpan? Silence(params ReadOnlySpan<string> channelTypes) => ChannelTimeout.Of(Settings.ChannelTimeouts, channelTypes);

    /// <summary>The time limits of a channel of this type.</summary>
    public RelayOptions Terms(string channelType, TimeProvider time) => ChannelTimeout.Terms(Settings.ChannelTimeouts, channelType, time);
}

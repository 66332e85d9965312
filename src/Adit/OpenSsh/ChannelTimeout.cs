namespace Adit.OpenSsh;

/// <summary>A channel type, which may have wildcards, and how long it may be silent (ChannelTimeout); zero for ever.</summary>
internal sealed record ChannelTimeout(string Type, TimeSpan Timeout);

using System.Text.Json.Serialization;

namespace Adit.Cli.Doctor;

/// <summary>What was found; the order is that of the report.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FindingKind>))]
internal enum FindingKind
{
    /// <summary>A tunnel that nobody watches any more.</summary>
    [JsonStringEnumMemberName("left-running")]
    LeftRunning,

    /// <summary>A control socket on which nobody listens.</summary>
    [JsonStringEnumMemberName("stale-socket")]
    StaleSocket,

    /// <summary>A tunnel's port that other machines reach.</summary>
    [JsonStringEnumMemberName("open-to-others")]
    OpenToOthers,

    /// <summary>Two programs at one port.</summary>
    [JsonStringEnumMemberName("shadowed-port")]
    ShadowedPort,

    /// <summary>A private key that others may read.</summary>
    [JsonStringEnumMemberName("open-key")]
    OpenKey,

    /// <summary>A setting that weakens every connection that it applies to.</summary>
    [JsonStringEnumMemberName("weak-setting")]
    WeakSetting,
}

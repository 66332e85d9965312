using System.Text.Json.Serialization;

namespace Adit.Gateway.Audit;

/// <summary>What happened at a gateway. The names are written to the audit log: they may be added to, never changed.</summary>
internal enum GatewayEventKind
{
    /// <summary>The gateway listens at an end.</summary>
    Listening,

    /// <summary>A client connected.</summary>
    Connected,

    /// <summary>A client was sent away before a word of SSH.</summary>
    ConnectionRefused,

    /// <summary>An attempt to authenticate failed.</summary>
    AuthenticationFailed,

    /// <summary>A user is in.</summary>
    Authenticated,

    /// <summary>A channel was opened to its target, or a connection to a remote forward reached the client.</summary>
    ChannelOpened,

    /// <summary>A channel was refused, or its target could not be reached.</summary>
    ChannelRefused,

    /// <summary>A channel that was open is over.</summary>
    ChannelClosed,

    /// <summary>The gateway listens for a client.</summary>
    ForwardOpened,

    /// <summary>A remote forward was refused.</summary>
    ForwardRefused,

    /// <summary>A remote forward is over.</summary>
    ForwardClosed,

    /// <summary>A client asked for something that is not served, such as a shell.</summary>
    RequestRefused,

    /// <summary>A command was started.</summary>
    CommandStarted,

    /// <summary>A command has ended.</summary>
    CommandEnded,

    /// <summary>A client is gone.</summary>
    Disconnected,

    /// <summary>A new configuration is in force.</summary>
    Reloaded,

    /// <summary>A new configuration could not be taken; the old one stays.</summary>
    ReloadFailed,

    /// <summary>The gateway takes no more connections and waits for those that it has.</summary>
    Draining,

    /// <summary>The gateway has stopped.</summary>
    Stopped,

    /// <summary>Something of the gateway's own does not work.</summary>
    Fault,

    /// <summary>Something that is worth knowing and changes nothing.</summary>
    Note,
}

/// <summary>
/// Something that happened at a gateway: the same for the log, the audit log and metrics. Immutable plain data; what does not apply is null.
/// Texts of a peer hold no control characters.
/// </summary>
internal sealed record GatewayEvent
{
    /// <summary>The version of this layout in the audit log.</summary>
    public int Version { get; init; } = 1;

    /// <summary>When, in UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What.</summary>
    public required GatewayEventKind Event { get; init; }

    /// <summary>The client's connection, which no other one of this process has the number of.</summary>
    public long? Connection { get; init; }

    /// <summary>The user, as the client names it.</summary>
    public string? User { get; init; }

    /// <summary>The client's address and port.</summary>
    public string? Source { get; init; }

    /// <summary>Type and fingerprint of the key.</summary>
    public string? Key { get; init; }

    /// <summary>Serial and name of the certificate, and who signed it.</summary>
    public string? Certificate { get; init; }

    /// <summary>How the user was authenticated.</summary>
    public string? Method { get; init; }

    /// <summary>The number of the channel, which no other one of this process has.</summary>
    public long? Channel { get; init; }

    /// <summary>Who is at the beginning of a channel.</summary>
    public string? Origin { get; init; }

    /// <summary>What was to be reached, or listened at, as it was asked for.</summary>
    public string? Target { get; init; }

    /// <summary>What is really listened at.</summary>
    public string? Bound { get; init; }

    /// <summary>The legs of the way.</summary>
    public string? Route { get; init; }

    /// <summary>Bytes to the target.</summary>
    public long? BytesOut { get; init; }

    /// <summary>Bytes from the target.</summary>
    public long? BytesIn { get; init; }

    /// <summary>How long it lasted, in seconds.</summary>
    public double? Seconds { get; init; }

    /// <summary>Why, in a word for programs.</summary>
    public string? Reason { get; init; }

    /// <summary>Why, in words for people.</summary>
    public string? Detail { get; init; }
}

/// <summary>The audit log's JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(GatewayEvent))]
internal sealed partial class AuditJson : JsonSerializerContext;

/// <summary>Takes what happens at a gateway.</summary>
internal interface IGatewayEvents
{
    /// <summary>Takes an event. Called by several threads at once, where it happens: return soon.</summary>
    void Report(GatewayEvent happened);
}

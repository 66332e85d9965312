using System.Text.Json.Serialization;
using Adit.Relay;

namespace Adit.Client;

/// <summary>What a tunnel is and does at one moment, for other programs of its user. Plain data; names and order are those of <c>adit ls --json</c>.</summary>
/// <param name="Pid">The process that it lives in.</param>
/// <param name="Destination">The destination as it was given.</param>
/// <param name="Since">When it was opened.</param>
/// <param name="Up">Whether there is a link.</param>
/// <param name="Legs">The way to the server.</param>
/// <param name="Forwards">Its forwards.</param>
internal sealed record TunnelReport(
    int Pid, string Destination, DateTimeOffset Since, bool Up, IReadOnlyList<LegReport> Legs, IReadOnlyList<ForwardReport> Forwards)
{
    /// <summary>Whether a time ends it (AditLifetime, AditIdleTimeout, or ControlPersist).</summary>
    public bool HasLimit { get; init; }

    /// <summary>Looks at a tunnel.</summary>
    public static TunnelReport Of(Tunnel tunnel, string destination) => new(
        Environment.ProcessId,
        destination,
        tunnel.Since,
        tunnel.Link is not null,
        [.. (tunnel.Link?.Route.Legs ?? []).Select(LegReport.Of)],
        [.. tunnel.Forwards.Select(forward => ForwardReport.Of(forward, tunnel))])
    {
        HasLimit = tunnel.HasLimit,
    };
}

/// <summary>One hop.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends.</param>
/// <param name="Protection">ssh, tls or none.</param>
/// <param name="Verification">How its far end was verified.</param>
/// <param name="Within">The machine that it does not leave.</param>
internal sealed record LegReport(string From, string To, string Protection, string? Verification, string? Within)
{
    public static LegReport Of(Leg leg) => new(leg.From, leg.To, leg.Protection switch
    {
        LegProtection.Ssh => "ssh",
        LegProtection.Tls => "tls",
        _ => "none",
    }, leg.Verification, leg.Within);
}

/// <summary>One forward.</summary>
/// <param name="Kind">local, remote or dynamic; remote-dynamic where the server listens and each connection names its target.</param>
/// <param name="Asked">What was asked for, as ssh's options have it.</param>
/// <param name="Listening">Where it listens; empty while it does not.</param>
/// <param name="Target">Where its connections go; null where each of them says so.</param>
/// <param name="Plaintext">Whether its connections go over a wire with nothing that protects them; null where that differs.</param>
/// <param name="Admits">The rule by which its connections are admitted; null for one that the server listens for.</param>
/// <param name="Exposed">Whether it can be reached from other machines; null where the server listens.</param>
/// <param name="Refused">How many connections were turned away.</param>
/// <param name="Connections">Its connections.</param>
internal sealed record ForwardReport(
    string Kind,
    string Asked,
    IReadOnlyList<string> Listening,
    string? Target,
    bool? Plaintext,
    string? Admits,
    bool? Exposed,
    long Refused,
    IReadOnlyList<ConnectionReport> Connections)
{
    public static ForwardReport Of(TunnelForward forward, Tunnel tunnel)
    {
        string kind = (forward.Direction, forward.Spec.IsDynamic) switch
        {
            (ForwardDirection.Local, false) => "local",
            (ForwardDirection.Local, true) => "dynamic",
            (_, false) => "remote",
            _ => "remote-dynamic",
        };
        bool? plaintext = (forward, tunnel.Link) switch
        {
            (LocalTunnelForward { Spec.Target: { } target } local, { } link) => local.IsExposed || link.Dialer.RouteTo(target).HasPlaintext,
            (RemoteTunnelForward { Spec.Target: { } target }, _) => Leg.Plain(Machine.This(), target).IsPlaintext,
            _ => null,
        };
        return new(
            kind,
            forward.ToString(),
            [.. forward.Endpoints.Select(static end => end.ToString())],
            forward.Spec.Target?.ToString(),
            plaintext,
            (forward as LocalTunnelForward)?.Rule,
            (forward as LocalTunnelForward)?.IsExposed,
            forward.Refused,
            [.. forward.Connections.Select(ConnectionReport.Of)]);
    }
}

/// <summary>One connection.</summary>
/// <param name="Id">Its number in that process.</param>
/// <param name="Since">When it came in.</param>
/// <param name="Origin">Who began it.</param>
/// <param name="Peer">Who that is on this machine, where it is known.</param>
/// <param name="Target">Where it goes; null while that is not known.</param>
/// <param name="BytesToTarget">Bytes handed to the target.</param>
/// <param name="BytesFromTarget">Bytes that came back.</param>
internal sealed record ConnectionReport(
    long Id, DateTimeOffset Since, string Origin, string? Peer, string? Target, long BytesToTarget, long BytesFromTarget)
{
    public static ConnectionReport Of(ForwardedConnection connection) => new(
        connection.Id,
        connection.Since,
        connection.Origin.ToString(),
        connection.Peer?.ToString(),
        connection.Target?.ToString(),
        connection.BytesToTarget,
        connection.BytesFromTarget);
}

[JsonSerializable(typeof(TunnelReport))]
[JsonSerializable(typeof(IReadOnlyList<TunnelReport>))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = false)]
internal sealed partial class TunnelReportJson : JsonSerializerContext;

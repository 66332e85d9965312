namespace Adit.Relay;

/// <summary>
/// Something that happened to a tunnel. Plain data, the same for the verbose output, metrics and the audit log. Immutable.
/// </summary>
internal abstract record TunnelEvent
{
    /// <summary>When it happened, in UTC.</summary>
    public required DateTimeOffset Time { get; init; }
}

/// <summary>A listener is open; connections may come.</summary>
internal sealed record ListenerOpened : TunnelEvent
{
    /// <summary>The ends it listens on, with the ports that were really bound.</summary>
    public required IReadOnlyList<Endpoint> Endpoints { get; init; }

    /// <summary>Whether peers beyond this machine can reach one of them.</summary>
    public required bool IsExposed { get; init; }

    /// <summary>Where its connections go; null if each of them says so itself.</summary>
    public required Endpoint? Target { get; init; }
}

/// <summary>A listener is closed. Connections that it accepted may go on.</summary>
internal sealed record ListenerClosed : TunnelEvent
{
    /// <summary>The ends it listened on.</summary>
    public required IReadOnlyList<Endpoint> Endpoints { get; init; }
}

/// <summary>A connection could not be accepted. The listener goes on, after a pause.</summary>
internal sealed record AcceptFailed : TunnelEvent
{
    /// <summary>The ends it listens on.</summary>
    public required IReadOnlyList<Endpoint> Endpoints { get; init; }

    /// <summary>Why, in words for people.</summary>
    public required string Reason { get; init; }

    /// <summary>How long the listener pauses.</summary>
    public required TimeSpan Pause { get; init; }
}

/// <summary>Something that happened to one connection of a tunnel.</summary>
internal abstract record ConnectionEvent : TunnelEvent
{
    /// <summary>The number of the connection, which no other one of this process has.</summary>
    public required long ConnectionId { get; init; }

    /// <summary>Who began it.</summary>
    public required ConnectionOrigin Origin { get; init; }

    /// <summary>The end at which it came in.</summary>
    public required Endpoint LocalEndpoint { get; init; }

    /// <summary>Who the peer is; null where that was not asked or is not known.</summary>
    public PeerIdentity? Peer { get; init; }

    /// <summary>What it wants to reach; null if it was refused before it said so.</summary>
    public required Endpoint? Target { get; init; }
}

/// <summary>A connection was admitted and reached its target.</summary>
internal sealed record ConnectionOpened : ConnectionEvent
{
    /// <summary>The legs it takes.</summary>
    public required Route Route { get; init; }
}

/// <summary>A connection was refused, or its target could not be reached. Not one of its bytes went on.</summary>
internal sealed record ConnectionRefused : ConnectionEvent
{
    /// <summary>Why.</summary>
    public required Refusal Refusal { get; init; }
}

/// <summary>A connection that had opened is over.</summary>
internal sealed record ConnectionClosed : ConnectionEvent
{
    /// <summary>The legs it took.</summary>
    public required Route Route { get; init; }

    /// <summary>Bytes that were handed to the target.</summary>
    public required long BytesToTarget { get; init; }

    /// <summary>Bytes that came from the target and were handed to the peer.</summary>
    public required long BytesFromTarget { get; init; }

    /// <summary>How long it was open.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Why it ended, for programs.</summary>
    public required RelayEnd End { get; init; }

    /// <summary>What failed, in words for people; null where nothing did.</summary>
    public string? Failure { get; init; }
}

/// <summary>Something that happened to the connection to a server that carries a tunnel.</summary>
internal abstract record LinkEvent : TunnelEvent
{
    /// <summary>What people call the server.</summary>
    public required string Server { get; init; }
}

/// <summary>The connection is lost and is being made anew. What went through it is lost; what comes in now waits.</summary>
internal sealed record LinkLost : LinkEvent
{
    /// <summary>Why, in words for people.</summary>
    public required string Reason { get; init; }
}

/// <summary>It could not be made anew, and will be tried again.</summary>
internal sealed record LinkFailed : LinkEvent
{
    /// <summary>Why, in words for people.</summary>
    public required string Reason { get; init; }

    /// <summary>How long until the next attempt.</summary>
    public required TimeSpan Pause { get; init; }
}

/// <summary>There is a connection again.</summary>
internal sealed record LinkRestored : LinkEvent
{
    /// <summary>How long there was none.</summary>
    public required TimeSpan Downtime { get; init; }
}

/// <summary>The server does not listen again for a remote forward yet; it is asked again and again. Said once for each loss of the connection.</summary>
internal sealed record RemoteForwardWaits : TunnelEvent
{
    /// <summary>Where it is to listen.</summary>
    public required string Asked { get; init; }

    /// <summary>Why it does not, in words for people.</summary>
    public required string Reason { get; init; }

    /// <summary>How long until it is asked again.</summary>
    public required TimeSpan Pause { get; init; }
}

/// <summary>The server listens for a remote forward on another port than before the connection was lost; the old one stayed in use.</summary>
internal sealed record RemotePortChanged : TunnelEvent
{
    /// <summary>Where it was asked to listen.</summary>
    public required string Asked { get; init; }

    /// <summary>The port before.</summary>
    public required int Before { get; init; }

    /// <summary>The port from now on.</summary>
    public required int Port { get; init; }
}

/// <summary>Takes the events of tunnels.</summary>
internal interface ITunnelEvents
{
    /// <summary>
    /// Takes an event. Called where it happens, by several threads at once; the connection waits meanwhile, so return soon. What this
    /// throws does not reach the tunnel; see <see cref="Forward.EventFailure"/>.
    /// </summary>
    void Report(TunnelEvent tunnelEvent);
}

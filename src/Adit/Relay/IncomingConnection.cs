namespace Adit.Relay;

/// <summary>Why a connection was refused.</summary>
internal enum RefusalKind
{
    /// <summary>The admission said no.</summary>
    NotAdmitted = 0,

    /// <summary>The tunnel carries as many connections as it may.</summary>
    TooManyConnections,

    /// <summary>The peer did not say in order, or not in time, what it wants to reach.</summary>
    NoTarget,

    /// <summary>The target could not be reached.</summary>
    DialFailed,

    /// <summary>The peer was gone before it could be answered.</summary>
    PeerGone,

    /// <summary>The peer did not begin as it has to: no TLS came about with it, or its certificate is not accepted.</summary>
    NotBegun,

    /// <summary>The tunnel was being stopped.</summary>
    Stopping,
}

/// <summary>A refusal of a connection. Immutable plain data.</summary>
/// <param name="Kind">The reason for programs.</param>
/// <param name="Reason">The reason for people.</param>
/// <param name="Failure">Why the dial failed, where that is the reason.</param>
internal sealed record Refusal(RefusalKind Kind, string Reason, DialFailure? Failure = null);

/// <summary>
/// A connection that a listener yields and that is not answered yet. Exactly one of <see cref="AcceptAsync"/> and
/// <see cref="RefuseAsync"/> is called, once. This is where a local socket, a SOCKS client and a channel-open request differ.
/// </summary>
internal abstract class IncomingConnection : IAsyncDisposable
{
    /// <summary>Who began it.</summary>
    public abstract ConnectionOrigin Origin { get; }

    /// <summary>The end at which it came in.</summary>
    public abstract Endpoint LocalEndpoint { get; }

    /// <summary>The way it took to here: the first leg of its route.</summary>
    public abstract Leg Leg { get; }

    /// <summary>By what its peer on this machine can be found; null where it does not come from this machine.</summary>
    public virtual PeerSocket? Peer => null;

    /// <summary>
    /// Whether it is still connected. A peer's end that is given up can be taken by somebody else, of whom the kernel would then tell; what is
    /// looked up about the peer holds if this is true afterwards.
    /// </summary>
    public virtual bool IsConnected => true;

    /// <summary>
    /// Brings the peer so far that its target may be dialled, where there is something to be done for it (a TLS handshake). Called once, after
    /// the peer was admitted.
    /// </summary>
    /// <exception cref="IOException">The peer did not begin as it has to.</exception>
    public virtual ValueTask BeginAsync(CancellationToken cancellationToken) => default;

    /// <summary>
    /// What the peer wants to reach, where it says so itself (a SOCKS request, a channel-open request). Asked only of listeners
    /// without a fixed target, and only after the peer was admitted.
    /// </summary>
    /// <exception cref="IOException">The peer did not say it in order.</exception>
    public virtual ValueTask<Endpoint> NameTargetAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException("this listener's connections do not name a target; give the forward one");

    /// <summary>Answers yes, once the target was reached, and hands the stream over; the caller owns it from here on.</summary>
    /// <exception cref="IOException">The peer is gone.</exception>
    public abstract ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken);

    /// <summary>Answers no, as plainly as the protocol can. Does not throw if the peer is gone.</summary>
    public abstract ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken);

    /// <summary>Gives back what the connection holds, if it was neither accepted nor refused.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>Yields the connections that come in at some end.</summary>
internal interface IListener : IAsyncDisposable
{
    /// <summary>The ends that are listened on, with the ports that were really bound.</summary>
    IReadOnlyList<Endpoint> Endpoints { get; }

    /// <summary>Whether peers beyond this machine can reach one of the ends.</summary>
    bool IsExposed { get; }

    /// <summary>Waits for the next connection. One caller at a time.</summary>
    /// <returns>The connection, which the caller owns; null once the listener is closed.</returns>
    /// <exception cref="IOException">
    /// One connection could not be taken, for example for want of open files. The listener goes on; wait a little and call again.
    /// </exception>
    ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken);
}

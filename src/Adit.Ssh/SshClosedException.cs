namespace Adit.Ssh;

/// <summary>The connection has ended, or ends because of what this exception tells.</summary>
public sealed class SshClosedException : SshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">Why the connection ended.</param>
    /// <param name="message">What happened, for people.</param>
    /// <param name="innerException">What caused it.</param>
    public SshClosedException(CloseReason reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
    }

    /// <summary>Why the connection ended.</summary>
    public CloseReason Reason { get; }

    /// <summary>The code in the peer's SSH_MSG_DISCONNECT, or <see cref="DisconnectCode.None"/>.</summary>
    public DisconnectCode PeerCode { get; init; }

    /// <summary>
    /// The same for one more who waits: each throw of one exception adds to its trace, and each waiter holds the trace of its moment, so
    /// that thousands who share one would hold gigabytes.
    /// </summary>
    internal SshClosedException ForOneMore() => new(Reason, Message, InnerException) { PeerCode = PeerCode };
}

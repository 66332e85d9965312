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
}

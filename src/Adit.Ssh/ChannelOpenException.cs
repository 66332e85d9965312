namespace Adit.Ssh;

/// <summary>The peer refused to open a channel.</summary>
public sealed class ChannelOpenException : SshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">The reason code of the peer.</param>
    /// <param name="message">The peer's description. It is the peer's text: show no control characters of it.</param>
    public ChannelOpenException(ChannelOpenFailureReason reason, string message)
        : base(message)
    {
        Reason = reason;
    }

    /// <summary>The reason code of the peer, RFC 4254 section 5.1.</summary>
    public ChannelOpenFailureReason Reason { get; }
}

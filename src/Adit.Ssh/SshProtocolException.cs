namespace Adit.Ssh;

/// <summary>The peer broke the protocol; its connection ends with <see cref="Reason"/>.</summary>
internal sealed class SshProtocolException(CloseReason reason, string message, Exception? innerException = null)
    : SshException(message, innerException)
{
    public CloseReason Reason => reason;
}

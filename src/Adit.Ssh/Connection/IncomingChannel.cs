using Adit.Ssh.Messages.Connection;

namespace Adit.Ssh.Connection;

/// <summary>
/// A channel that the peer wants to open, RFC 4254 section 5.1. It is answered once: accepted or refused. Safe to answer from any thread.
/// </summary>
public sealed class IncomingChannel
{
    private readonly SshConnection _connection;
    private readonly ChannelOpen _open;
    private int _answered;

    internal IncomingChannel(SshConnection connection, in ChannelOpen open)
    {
        _connection = connection;
        _open = open;
    }

    /// <summary>The channel type, such as <c>direct-tcpip</c>.</summary>
    public string Type => _open.Type;

    /// <summary>The fields of its type, still encoded.</summary>
    public ReadOnlyMemory<byte> Fields => _open.Fields;

    /// <summary>Answers yes. The channel is the caller's from here on.</summary>
    /// <param name="options">How the channel behaves on this side; null for the defaults.</param>
    /// <param name="onRequest">
    /// Takes the channel's requests (RFC 4254 section 5.4) under the rules of <see cref="IConnectionHandler"/>; null answers all with failure.
    /// </param>
    /// <exception cref="SshException">The connection has ended, or has as many channels as it may.</exception>
    public Channel Accept(ChannelOptions? options = null, Action<IncomingRequest>? onRequest = null)
    {
        Answer();
        return _connection.Accept(_open, options ?? ChannelOptions.Default, onRequest);
    }

    /// <summary>Answers no.</summary>
    /// <param name="reason">The code.</param>
    /// <param name="description">Why, for people.</param>
    public void Refuse(ChannelOpenFailureReason reason, string description)
    {
        Answer();
        _connection.Refuse(_open, reason, description);
    }

    private void Answer()
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0)
            throw new InvalidOperationException($"the opening of the {Type} channel was answered already");
    }
}

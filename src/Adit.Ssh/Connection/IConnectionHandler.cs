namespace Adit.Ssh.Connection;

/// <summary>
/// Serves what the peer asks for on an authenticated connection. Its methods are called on the connection's receive loop, one at a time,
/// and return at once: the answers may be given later, from any thread. What they throw ends the connection; a
/// <see cref="SshFormatException"/> as a fault of the peer.
/// </summary>
public interface IConnectionHandler
{
    /// <summary>The peer wants to open a channel. Of any type: what is not served is refused.</summary>
    void OnChannelOpen(IncomingChannel channel);

    /// <summary>The peer sent a global request. Of any name: what is not served is answered with failure.</summary>
    void OnGlobalRequest(IncomingRequest request);
}

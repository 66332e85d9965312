namespace Adit.Ssh.Transport;

/// <summary>The layer that serves a range of message numbers.</summary>
internal interface IPacketHandler
{
    /// <summary>
    /// Handles a packet that the phase table let pass. Called by the receive loop, one packet at a time; must not wait for a send.
    /// True when the handler took the packet's memory over.
    /// </summary>
    ValueTask<bool> HandleAsync(InboundPacket packet);

    /// <summary>All packets that have arrived are handled. Called by the receive loop, before it waits for more, or lets others have its thread.</summary>
    void EndBatch()
    {
    }

    /// <summary>The connection has ended; nothing more comes.</summary>
    void OnClosed(SshClosedException reason);
}

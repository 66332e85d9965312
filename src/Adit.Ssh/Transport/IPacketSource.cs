namespace Adit.Ssh.Transport;

/// <summary>Something with data to send: a channel. It queues itself once, and the send loop takes a packet from it per turn.</summary>
internal interface IPacketSource
{
    /// <summary>Writes at most one data packet. True when there is more to send now: the send loop queues it again.</summary>
    bool Produce(PacketWriter writer);
}

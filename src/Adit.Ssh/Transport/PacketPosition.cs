namespace Adit.Ssh.Transport;

/// <summary>
/// Where a packet stands in its direction's stream. Ciphers derive every nonce and counter from it and keep no state of their own,
/// so that packets could be sealed in parallel.
/// </summary>
/// <param name="Sequence">The sequence number of RFC 4253 section 6.4.</param>
/// <param name="Packet">Packets since NEWKEYS.</param>
/// <param name="Block">Cipher blocks of 16 bytes since NEWKEYS.</param>
internal readonly record struct PacketPosition(uint Sequence, ulong Packet, ulong Block);

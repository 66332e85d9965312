namespace Adit.Ssh.Transport;

/// <summary>
/// One direction's cipher from one NEWKEYS to the next, with its counters. Used by one loop only;
/// <see cref="Bytes"/> and <see cref="Packets"/> may be read by others as estimates.
/// </summary>
internal sealed class KeyEpoch(PacketCipher cipher) : IDisposable
{
    private const int CounterBlock = 16;

    private ulong _packets;
    private ulong _blocks;

    public PacketCipher Cipher => cipher;

    /// <summary>Packet bytes protected so far.</summary>
    public ulong Bytes => Volatile.Read(ref _blocks) * CounterBlock;

    public ulong Packets => Volatile.Read(ref _packets);

    public PacketPosition At(uint sequence) => new(sequence, _packets, _blocks);

    /// <summary>Counts a packet; <paramref name="encrypted"/> bytes of it ran through the cipher.</summary>
    public void Advance(int encrypted)
    {
        _packets++;
        _blocks += (ulong)(encrypted + CounterBlock - 1) / CounterBlock;
    }

    public void Dispose() => cipher.Dispose();
}

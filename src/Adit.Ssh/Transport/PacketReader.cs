using System.Buffers;

namespace Adit.Ssh.Transport;

/// <summary>Cuts the peer's bytes into packets and opens them, RFC 4253 section 6. Belongs to the receive loop.</summary>
internal sealed class PacketReader(InboundBuffer buffer) : IDisposable
{
    /// <summary>Largest packet_length that is read: OpenSSH's limit, above the 35,000 that RFC 4253 section 6.1 demands.</summary>
    public const int MaxPacketLength = 256 * 1024;

    private const int MinPadding = 4;

    private KeyEpoch _epoch = new(new PlainPacketCipher());
    private uint _sequence;

    public InboundBuffer Buffer => buffer;

    /// <summary>The sequence number of the next packet.</summary>
    public uint Sequence => _sequence;

    /// <summary>From the next packet on, the peer uses these keys: its NEWKEYS has just been read.</summary>
    public void Switch(KeyEpoch next, bool resetSequence)
    {
        _epoch.Dispose();
        _epoch = next;
        if (resetSequence)
            _sequence = 0;
    }

    /// <summary>Opens the next packet when it is here whole.</summary>
    /// <exception cref="SshProtocolException">Length, padding or tag are wrong.</exception>
    public bool TryRead(out InboundPacket packet)
    {
        packet = default;
        ReadOnlySpan<byte> unread = buffer.Unread;
        PacketCipher cipher = _epoch.Cipher;
        if (unread.Length < sizeof(uint))
            return false;

        PacketPosition position = _epoch.At(_sequence);
        uint length = cipher.ReadLength(position, unread[..sizeof(uint)]);
        CheckLength(length, cipher);
        int whole = sizeof(uint) + (int)length + cipher.TagLength;
        if (unread.Length < whole)
        {
            buffer.Require(whole);
            return false;
        }

        packet = Open(position, unread[..whole], (int)length);
        buffer.Consume(whole);
        _epoch.Advance(cipher.AlignsLength ? sizeof(uint) + (int)length : (int)length);
        _sequence = unchecked(_sequence + 1);
        return true;
    }

    public void Dispose()
    {
        _epoch.Dispose();
        buffer.Dispose();
    }

    private static void CheckLength(uint length, PacketCipher cipher)
    {
        if (length > MaxPacketLength)
            throw new SshProtocolException(CloseReason.ProtocolError, $"a packet claims {length} bytes, over the limit of {MaxPacketLength}");
        uint aligned = cipher.AlignsLength ? length + sizeof(uint) : length;
        if (length < 1 + 1 + MinPadding || aligned % (uint)cipher.BlockSize != 0)
            throw new SshProtocolException(CloseReason.ProtocolError, $"a packet has the impossible length {length}");
    }

    private InboundPacket Open(PacketPosition position, ReadOnlySpan<byte> sealedPacket, int length)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(length);
        int packetEnd = sizeof(uint) + length;
        if (!_epoch.Cipher.TryOpen(position, sealedPacket[..packetEnd], sealedPacket[packetEnd..], block.AsSpan(0, length)))
        {
            ArrayPool<byte>.Shared.Return(block);
            throw new SshProtocolException(CloseReason.MacError, "a packet failed its integrity check");
        }

        int padding = block[0];
        int payload = length - 1 - padding;
        if (padding < MinPadding || payload < 1)
        {
            ArrayPool<byte>.Shared.Return(block);
            throw new SshProtocolException(CloseReason.ProtocolError, $"a packet of {length} bytes claims {padding} bytes of padding");
        }

        return new(block, 1, payload, position.Sequence);
    }
}

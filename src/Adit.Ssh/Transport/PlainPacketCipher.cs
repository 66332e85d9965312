using System.Buffers.Binary;

namespace Adit.Ssh.Transport;

/// <summary>The "none" cipher that both ends use until their first NEWKEYS, and never after.</summary>
internal sealed class PlainPacketCipher : PacketCipher
{
    public override int BlockSize => 8;

    public override bool AlignsLength => true;

    public override int TagLength => 0;

    public override uint ReadLength(PacketPosition position, ReadOnlySpan<byte> prefix) => BinaryPrimitives.ReadUInt32BigEndian(prefix);

    public override void Seal(PacketPosition position, Span<byte> packet, Span<byte> tag)
    {
    }

    public override bool TryOpen(PacketPosition position, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> tag, Span<byte> opened)
    {
        packet[sizeof(uint)..].CopyTo(opened);
        return true;
    }

    public override void Dispose()
    {
    }
}

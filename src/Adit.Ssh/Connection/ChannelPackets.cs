using System.Buffers.Binary;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>The messages of a channel that come often, written where they are sealed, so that they cost no allocation: RFC 4254 section 5.2.</summary>
internal static class ChannelPackets
{
    /// <summary>SSH_EXTENDED_DATA_STDERR.</summary>
    public const uint StandardError = 1;

    // Payload of CHANNEL_DATA in front of the data: number, recipient, length.
    private const int DataHeader = 1 + sizeof(uint) + sizeof(uint);

    public static void WriteAdjustment(PacketWriter writer, uint recipient, uint bytes)
    {
        Span<byte> payload = writer.Reserve(ChannelWindowAdjust.PayloadLength);
        payload[0] = (byte)MessageNumber.ChannelWindowAdjust;
        BinaryPrimitives.WriteUInt32BigEndian(payload[1..], recipient);
        BinaryPrimitives.WriteUInt32BigEndian(payload[5..], bytes);
        writer.Seal(payload.Length);
    }

    /// <summary>SSH_MSG_CHANNEL_DATA, or SSH_MSG_CHANNEL_EXTENDED_DATA of type stderr.</summary>
    public static void WriteData(PacketWriter writer, uint recipient, ReadOnlySpan<byte> data, bool isError)
    {
        int header = DataHeader + (isError ? sizeof(uint) : 0);
        Span<byte> payload = writer.Reserve(header + data.Length);
        payload[0] = (byte)(isError ? MessageNumber.ChannelExtendedData : MessageNumber.ChannelData);
        BinaryPrimitives.WriteUInt32BigEndian(payload[1..], recipient);
        if (isError)
            BinaryPrimitives.WriteUInt32BigEndian(payload[5..], StandardError);
        BinaryPrimitives.WriteUInt32BigEndian(payload[(header - sizeof(uint))..], (uint)data.Length);
        writer.Seal(payload.Length, data);
    }
}

using System.Buffers.Binary;
using Adit.Ssh;
using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>The fields of one message, behind its number.</summary>
internal interface IMuxMessage<TSelf>
    where TSelf : struct, IMuxMessage<TSelf>
{
    static abstract MuxMessageNumber Number { get; }

    /// <summary>Reads the fields behind the number. The caller checks that nothing is left over.</summary>
    static abstract TSelf Read(ref MuxReader reader);

    void Write(ref SshWriter writer);
}

/// <summary>Turns messages into packets and back.</summary>
internal static class MuxMessage
{
    /// <summary>The longest packet behind its length field, in bytes; OpenSSH's.</summary>
    public const int MaxPacket = 256 * 1024;

    /// <summary>The number with which a packet begins.</summary>
    /// <exception cref="SshFormatException">The packet is too short to have one.</exception>
    public static MuxMessageNumber NumberOf(ReadOnlySpan<byte> packet) =>
        packet.Length >= sizeof(uint)
            ? (MuxMessageNumber)BinaryPrimitives.ReadUInt32BigEndian(packet)
            : throw new SshFormatException("a packet is too short for its type");

    /// <summary>The packet with its length in front.</summary>
    /// <exception cref="MuxException">A field makes it longer than a packet may be.</exception>
    public static byte[] Encode<T>(in T message)
        where T : struct, IMuxMessage<T>
    {
        var writer = new SshWriter([]);
        writer.WriteUInt32(0);
        writer.WriteUInt32((uint)T.Number);
        message.Write(ref writer);
        byte[] packet = writer.ToArray();
        writer.Dispose();
        int length = packet.Length - sizeof(uint);
        if (length > MaxPacket)
            throw new MuxException($"the request to the master has {length} bytes, and may have {MaxPacket}; shorten the command or the environment");
        BinaryPrimitives.WriteUInt32BigEndian(packet, (uint)length);
        return packet;
    }

    /// <param name="packet">The packet behind its length.</param>
    /// <exception cref="SshFormatException">The packet is another message, malformed, or too long.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> packet)
        where T : struct, IMuxMessage<T>
    {
        var reader = new MuxReader(packet);
        uint number = reader.ReadUInt32();
        if (number != (uint)T.Number)
            throw new SshFormatException($"message 0x{number:x8} came where {T.Number} was due");
        T message = T.Read(ref reader);
        reader.ReadEnd();
        return message;
    }
}

using System.Buffers.Binary;
using Adit.Mux.Messages;
using Adit.Ssh.Wire;

namespace Adit.Mux;

/// <summary>The messages of the SSH connection protocol, RFC 4254 section 9.</summary>
internal enum ProxyMessage : byte
{
    GlobalRequest = 80,
    RequestSuccess = 81,
    RequestFailure = 82,
    ChannelOpen = 90,
    OpenConfirmation = 91,
    OpenFailure = 92,
    WindowAdjust = 93,
    Data = 94,
    ExtendedData = 95,
    Eof = 96,
    Close = 97,
    ChannelRequest = 98,
    ChannelSuccess = 99,
    ChannelFailure = 100,
}

/// <summary>
/// Packets as a proxy client has them: length, a padding length of zero, payload. There is no encryption, and nothing to pad.
/// </summary>
internal static class ProxyPacket
{
    /// <summary>What a data message has in front of its data: number, recipient and length.</summary>
    internal const int DataHeader = 1 + sizeof(uint) + sizeof(uint);

    private const int Prefix = sizeof(uint) + 1;

    /// <summary>A packet to be continued with its fields, up to <see cref="Finish"/>.</summary>
    internal static SshWriter Begin(ProxyMessage message)
    {
        var writer = new SshWriter([]);
        writer.WriteUInt32(0);
        writer.WriteByte(0);
        writer.WriteByte((byte)message);
        return writer;
    }

    /// <summary>A packet about a channel, to be continued.</summary>
    internal static SshWriter Begin(ProxyMessage message, uint recipient)
    {
        SshWriter writer = Begin(message);
        writer.WriteUInt32(recipient);
        return writer;
    }

    /// <summary>The packet, complete. The writer is used up.</summary>
    internal static byte[] Finish(ref SshWriter writer)
    {
        byte[] packet = writer.ToArray();
        writer.Dispose();
        BinaryPrimitives.WriteUInt32BigEndian(packet, (uint)(packet.Length - sizeof(uint)));
        return packet;
    }

    /// <summary>A packet that says of a channel all that there is to say by its number.</summary>
    internal static byte[] Of(ProxyMessage message, uint recipient)
    {
        SshWriter writer = Begin(message, recipient);
        return Finish(ref writer);
    }

    /// <summary>The next payload; null at the end of the stream.</summary>
    /// <exception cref="Ssh.SshFormatException">What comes is no packet.</exception>
    internal static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[Prefix];
        int read = await stream.ReadAtLeastAsync(prefix, Prefix, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read < Prefix)
            return read == 0 ? null : throw new Ssh.SshFormatException("the connection ended within a packet");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (length is < 2 or > MuxMessage.MaxPacket || prefix[sizeof(uint)] != 0)
            throw new Ssh.SshFormatException($"a packet of {length} bytes is none, or is padded");
        byte[] payload = new byte[length - 1];
        return await stream.ReadAtLeastAsync(payload, payload.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == payload.Length
            ? payload
            : throw new Ssh.SshFormatException("the connection ended within a packet");
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of the global requests <c>tcpip-forward</c> and <c>cancel-tcpip-forward</c>, RFC 4254 section 7.1.</summary>
/// <param name="Address">Where to listen, as the peer wrote it: a name, an address, or empty for all.</param>
/// <param name="Port">The port; 0 lets the listening side choose.</param>
public readonly record struct TcpipForward(string Address, uint Port)
{
    /// <summary>Asks to listen.</summary>
    public const string RequestName = "tcpip-forward";

    /// <summary>Asks to listen no longer.</summary>
    public const string CancelName = "cancel-tcpip-forward";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static TcpipForward Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var forward = new TcpipForward(reader.ReadText(), reader.ReadUInt32());
        reader.ReadEnd();
        return forward;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(Address);
        writer.WriteUInt32(Port);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

/// <summary>The fields of the answer to a <c>tcpip-forward</c> with port 0, RFC 4254 section 7.1.</summary>
/// <param name="Port">The port that was chosen.</param>
public readonly record struct TcpipForwardReply(uint Port)
{
    /// <summary>Reads the fields of an answer.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static TcpipForwardReply Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var reply = new TcpipForwardReply(reader.ReadUInt32());
        reader.ReadEnd();
        return reply;
    }

    /// <summary>Writes the fields of an answer.</summary>
    public byte[] ToFields()
    {
        byte[] fields = new byte[sizeof(uint)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(fields, Port);
        return fields;
    }
}

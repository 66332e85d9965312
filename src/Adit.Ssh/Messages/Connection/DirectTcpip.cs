using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of the channel opens <c>direct-tcpip</c> and <c>forwarded-tcpip</c>, RFC 4254 section 7.2.</summary>
/// <param name="Host">The destination; of a forwarded connection, the address that was asked for.</param>
/// <param name="Port">Its port. Whether it is one is the receiver's to check.</param>
/// <param name="OriginatorAddress">Where the connection came from.</param>
/// <param name="OriginatorPort">Its port there.</param>
public readonly record struct DirectTcpip(string Host, uint Port, string OriginatorAddress, uint OriginatorPort)
{
    /// <summary>Connects from the receiver's side.</summary>
    public const string ChannelType = "direct-tcpip";

    /// <summary>A connection that came in at a remote forward.</summary>
    public const string ForwardedChannelType = "forwarded-tcpip";

    /// <summary>Reads the fields of a channel open.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static DirectTcpip Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var open = new DirectTcpip(reader.ReadText(), reader.ReadUInt32(), reader.ReadText(), reader.ReadUInt32());
        reader.ReadEnd();
        return open;
    }

    /// <summary>Writes the fields of a channel open.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(Host);
        writer.WriteUInt32(Port);
        writer.WriteString(OriginatorAddress);
        writer.WriteUInt32(OriginatorPort);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

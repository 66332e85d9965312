using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of a <c>direct-tcpip</c> channel open, RFC 4254 section 7.2; <c>forwarded-tcpip</c> has the same layout.</summary>
internal readonly record struct DirectTcpip(string Host, uint Port, string OriginatorAddress, uint OriginatorPort)
{
    public const string ChannelType = "direct-tcpip";

    public static DirectTcpip Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var open = new DirectTcpip(reader.ReadText(), reader.ReadUInt32(), reader.ReadText(), reader.ReadUInt32());
        reader.ReadEnd();
        return open;
    }

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

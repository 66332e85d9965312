using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of a <c>direct-streamlocal@openssh.com</c> channel open, OpenSSH's PROTOCOL section 2.4.</summary>
/// <param name="SocketPath">The socket to connect to, on the receiver's side.</param>
public readonly record struct DirectStreamLocal(string SocketPath)
{
    /// <summary>Its channel type.</summary>
    public const string ChannelType = "direct-streamlocal@openssh.com";

    /// <summary>Reads the fields of a channel open.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static DirectStreamLocal Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var open = new DirectStreamLocal(reader.ReadText());
        reader.ReadString();
        reader.ReadUInt32();
        reader.ReadEnd();
        return open;
    }

    /// <summary>Writes the fields of a channel open.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(SocketPath);
        writer.WriteString(string.Empty);
        writer.WriteUInt32(0);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

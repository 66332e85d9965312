using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>
/// The fields of <c>streamlocal-forward@openssh.com</c> and <c>cancel-streamlocal-forward@openssh.com</c>, OpenSSH's PROTOCOL section 2.4.
/// </summary>
/// <param name="SocketPath">Where to listen.</param>
public readonly record struct StreamLocalForward(string SocketPath)
{
    /// <summary>Asks to listen.</summary>
    public const string RequestName = "streamlocal-forward@openssh.com";

    /// <summary>Asks to listen no longer.</summary>
    public const string CancelName = "cancel-streamlocal-forward@openssh.com";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static StreamLocalForward Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var forward = new StreamLocalForward(reader.ReadText());
        reader.ReadEnd();
        return forward;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(SocketPath);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

/// <summary>The fields of a <c>forwarded-streamlocal@openssh.com</c> channel open, OpenSSH's PROTOCOL section 2.4.</summary>
/// <param name="SocketPath">The socket at which the connection came in, as it was asked for.</param>
public readonly record struct ForwardedStreamLocal(string SocketPath)
{
    /// <summary>Its channel type.</summary>
    public const string ChannelType = "forwarded-streamlocal@openssh.com";

    /// <summary>Reads the fields of a channel open.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static ForwardedStreamLocal Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var open = new ForwardedStreamLocal(reader.ReadText());
        reader.ReadString();
        reader.ReadEnd();
        return open;
    }

    /// <summary>Writes the fields of a channel open.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(SocketPath);
        writer.WriteString(string.Empty);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>
/// The fields of the channel requests that start what a session runs, RFC 4254 section 6.5: <c>exec</c> and <c>subsystem</c> have one, and
/// <c>shell</c> has none.
/// </summary>
/// <param name="Text">The command, or the subsystem's name.</param>
public readonly record struct SessionStart(string Text)
{
    /// <summary>The type of the channel.</summary>
    public const string ChannelType = "session";

    /// <summary>Starts the user's shell.</summary>
    public const string ShellRequest = "shell";

    /// <summary>Starts a command.</summary>
    public const string ExecRequest = "exec";

    /// <summary>Starts a subsystem.</summary>
    public const string SubsystemRequest = "subsystem";

    /// <summary>Reads the fields of an <c>exec</c> or <c>subsystem</c> request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static SessionStart Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var start = new SessionStart(reader.ReadText());
        reader.ReadEnd();
        return start;
    }

    /// <summary>Writes the fields of an <c>exec</c> or <c>subsystem</c> request.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[512]);
        writer.WriteString(Text);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

using System.Buffers.Binary;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of the channel request <c>exit-status</c>, RFC 4254 section 6.10.</summary>
/// <param name="Status">What the command returned.</param>
public readonly record struct ExitStatus(uint Status)
{
    /// <summary>The command has ended.</summary>
    public const string RequestName = "exit-status";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static ExitStatus Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var exit = new ExitStatus(reader.ReadUInt32());
        reader.ReadEnd();
        return exit;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        byte[] fields = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(fields, Status);
        return fields;
    }
}

/// <summary>The fields of the channel request <c>exit-signal</c>, RFC 4254 section 6.10.</summary>
/// <param name="Signal">The signal without SIG, such as <c>KILL</c>.</param>
/// <param name="CoreDumped">Whether it left a core.</param>
/// <param name="Message">The server's words; no control character of it may reach a terminal.</param>
public readonly record struct ExitSignal(string Signal, bool CoreDumped, string Message)
{
    /// <summary>A signal has ended the command.</summary>
    public const string RequestName = "exit-signal";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static ExitSignal Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var exit = new ExitSignal(reader.ReadName(), reader.ReadBoolean(), reader.ReadHumanText());
        reader.ReadString();
        reader.ReadEnd();
        return exit;
    }

    /// <summary>Writes the fields of a request, with no language tag.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(Signal);
        writer.WriteBoolean(CoreDumped);
        writer.WriteString(Message);
        writer.WriteString(string.Empty);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

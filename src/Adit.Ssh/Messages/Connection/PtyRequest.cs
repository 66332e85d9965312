using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of the channel request <c>pty-req</c>, RFC 4254 section 6.2. A size of 0 is unknown.</summary>
/// <param name="Term">The kind of terminal, such as <c>xterm</c>.</param>
/// <param name="Columns">Width in characters.</param>
/// <param name="Rows">Height in characters.</param>
/// <param name="PixelWidth">Width in pixels.</param>
/// <param name="PixelHeight">Height in pixels.</param>
/// <param name="Modes">As <see cref="TerminalModes"/> writes them.</param>
public readonly record struct PtyRequest(string Term, uint Columns, uint Rows, uint PixelWidth, uint PixelHeight, byte[] Modes)
{
    /// <summary>Asks for a terminal.</summary>
    public const string RequestName = "pty-req";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static PtyRequest Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var request = new PtyRequest(
            reader.ReadText(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadString().ToArray());
        reader.ReadEnd();
        return request;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[512]);
        writer.WriteString(Term);
        writer.WriteUInt32(Columns);
        writer.WriteUInt32(Rows);
        writer.WriteUInt32(PixelWidth);
        writer.WriteUInt32(PixelHeight);
        writer.WriteString(Modes);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

/// <summary>The fields of the channel request <c>window-change</c>, RFC 4254 section 6.7. A size of 0 is unknown.</summary>
/// <param name="Columns">Width in characters.</param>
/// <param name="Rows">Height in characters.</param>
/// <param name="PixelWidth">Width in pixels.</param>
/// <param name="PixelHeight">Height in pixels.</param>
public readonly record struct WindowChange(uint Columns, uint Rows, uint PixelWidth, uint PixelHeight)
{
    /// <summary>Tells of a terminal's new size.</summary>
    public const string RequestName = "window-change";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static WindowChange Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var change = new WindowChange(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32());
        reader.ReadEnd();
        return change;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[16]);
        writer.WriteUInt32(Columns);
        writer.WriteUInt32(Rows);
        writer.WriteUInt32(PixelWidth);
        writer.WriteUInt32(PixelHeight);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

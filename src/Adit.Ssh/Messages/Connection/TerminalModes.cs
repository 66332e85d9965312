using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The encoded modes of a terminal, RFC 4254 section 8: opcodes with their arguments, in order.</summary>
public static class TerminalModes
{
    /// <summary>TTY_OP_END: nothing follows.</summary>
    public const byte End = 0;

    // Opcodes from here on have no argument that is known; they end the list (RFC 4254 section 8).
    private const byte FirstUndefined = 160;

    /// <summary>Writes modes, and the end of the list.</summary>
    /// <exception cref="ArgumentException">A mode has the number of the end, or one without an argument.</exception>
    public static byte[] Encode(IEnumerable<KeyValuePair<byte, uint>> modes)
    {
        ArgumentNullException.ThrowIfNull(modes);
        var writer = new SshWriter(stackalloc byte[512]);
        foreach ((byte opcode, uint value) in modes)
        {
            if (opcode is End or >= FirstUndefined)
                throw new ArgumentException($"{opcode} is no mode with an argument", nameof(modes));
            writer.WriteByte(opcode);
            writer.WriteUInt32(value);
        }

        writer.WriteByte(End);
        byte[] encoded = writer.ToArray();
        writer.Dispose();
        return encoded;
    }

    /// <summary>Reads modes up to the end of the list, or up to the first that is not defined.</summary>
    /// <exception cref="SshFormatException">They are cut off.</exception>
    public static IReadOnlyList<KeyValuePair<byte, uint>> Read(ReadOnlySpan<byte> encoded)
    {
        List<KeyValuePair<byte, uint>> modes = [];
        var reader = new SshReader(encoded);
        while (!reader.AtEnd && reader.ReadByte() is not (End or >= FirstUndefined) and var opcode)
            modes.Add(new(opcode, reader.ReadUInt32()));
        return modes;
    }
}

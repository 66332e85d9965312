using System.Buffers.Binary;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of the channel request <c>signal</c>, RFC 4254 section 6.9.</summary>
/// <param name="Name">The signal without SIG, such as <c>TERM</c>.</param>
public readonly record struct SessionSignal(string Name)
{
    /// <summary>Sends a signal to what the session runs.</summary>
    public const string RequestName = "signal";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static SessionSignal Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var signal = new SessionSignal(reader.ReadName());
        reader.ReadEnd();
        return signal;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields() => new SessionStart(Name).ToFields();
}

/// <summary>The fields of the channel request <c>break</c>, RFC 4335.</summary>
/// <param name="Milliseconds">How long; 0 leaves it to the server.</param>
public readonly record struct SessionBreak(uint Milliseconds)
{
    /// <summary>Sends a break, as on a serial line.</summary>
    public const string RequestName = "break";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static SessionBreak Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var request = new SessionBreak(reader.ReadUInt32());
        reader.ReadEnd();
        return request;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        byte[] fields = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(fields, Milliseconds);
        return fields;
    }
}

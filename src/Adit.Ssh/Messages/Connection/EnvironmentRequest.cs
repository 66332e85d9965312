using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of the channel request <c>env</c>, RFC 4254 section 6.4.</summary>
/// <param name="Name">The variable.</param>
/// <param name="Value">What it is set to.</param>
public readonly record struct EnvironmentRequest(string Name, string Value)
{
    /// <summary>Sets a variable of what is started later.</summary>
    public const string RequestName = "env";

    /// <summary>Reads the fields of a request.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static EnvironmentRequest Read(ReadOnlySpan<byte> fields)
    {
        var reader = new SshReader(fields);
        var request = new EnvironmentRequest(reader.ReadText(), reader.ReadText());
        reader.ReadEnd();
        return request;
    }

    /// <summary>Writes the fields of a request.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[256]);
        writer.WriteString(Name);
        writer.WriteString(Value);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>The fields of <c>hostkeys-00@openssh.com</c>: all host keys of a server. OpenSSH's PROTOCOL section 2.5.</summary>
/// <param name="Keys">The keys as they go over the wire, unchecked.</param>
public readonly record struct HostKeyAnnouncement(IReadOnlyList<ReadOnlyMemory<byte>> Keys)
{
    /// <summary>Its name.</summary>
    public const string RequestName = "hostkeys-00@openssh.com";

    internal const int MaxKeys = 64;

    /// <summary>Reads the fields; at most 64 keys.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static HostKeyAnnouncement Read(ReadOnlySpan<byte> fields) => new(ReadStrings(fields));

    internal static IReadOnlyList<ReadOnlyMemory<byte>> ReadStrings(ReadOnlySpan<byte> fields)
    {
        var strings = new List<ReadOnlyMemory<byte>>();
        var reader = new SshReader(fields);
        while (!reader.AtEnd)
        {
            if (strings.Count == MaxKeys)
                throw new SshFormatException($"more than {MaxKeys} host keys");
            strings.Add(reader.ReadString().ToArray());
        }

        return strings;
    }
}

/// <summary>
/// The fields of <c>hostkeys-prove-00@openssh.com</c>: host keys of which the server is to show that it holds them. OpenSSH's PROTOCOL
/// section 2.5.
/// </summary>
/// <param name="Keys">The keys as they go over the wire.</param>
public readonly record struct HostKeyProofRequest(IReadOnlyList<ReadOnlyMemory<byte>> Keys)
{
    /// <summary>Its name.</summary>
    public const string RequestName = "hostkeys-prove-00@openssh.com";

    /// <summary>What the proof of a key signs.</summary>
    /// <param name="sessionId">The session id of the connection.</param>
    /// <param name="key">The key as it goes over the wire.</param>
    public static byte[] Signed(ReadOnlySpan<byte> sessionId, ReadOnlySpan<byte> key)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(RequestName);
        writer.WriteString(sessionId);
        writer.WriteString(key);
        byte[] data = writer.ToArray();
        writer.Dispose();
        return data;
    }

    /// <summary>Writes the fields.</summary>
    public byte[] ToFields()
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        foreach (ReadOnlyMemory<byte> key in Keys)
            writer.WriteString(key.Span);
        byte[] fields = writer.ToArray();
        writer.Dispose();
        return fields;
    }
}

/// <summary>The fields of the answer to <c>hostkeys-prove-00@openssh.com</c>: a signature for each key, in their order.</summary>
/// <param name="Signatures">The signatures, unchecked.</param>
public readonly record struct HostKeyProofs(IReadOnlyList<ReadOnlyMemory<byte>> Signatures)
{
    /// <summary>Reads the fields.</summary>
    /// <exception cref="SshFormatException">They are malformed.</exception>
    public static HostKeyProofs Read(ReadOnlySpan<byte> fields) => new(HostKeyAnnouncement.ReadStrings(fields));
}

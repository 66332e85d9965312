using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_EXT_INFO, RFC 8308 section 2.3.</summary>
internal readonly record struct ExtensionInfo(IReadOnlyList<KeyValuePair<string, byte[]>> Extensions) : IMessage<ExtensionInfo>
{
    private const int MaxExtensions = 256;

    public static MessageNumber Number => MessageNumber.ExtensionInfo;

    public static ExtensionInfo Read(ref SshReader reader)
    {
        uint count = reader.ReadUInt32();
        if (count > MaxExtensions)
            throw new SshFormatException($"{count} extensions are more than the limit of {MaxExtensions}");
        var extensions = new List<KeyValuePair<string, byte[]>>((int)count);
        for (uint i = 0; i < count; i++)
            extensions.Add(new(reader.ReadName(), reader.ReadString().ToArray()));
        return new(extensions);
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32((uint)Extensions.Count);
        foreach ((string name, byte[] value) in Extensions)
        {
            writer.WriteString(name);
            writer.WriteString(value);
        }
    }
}

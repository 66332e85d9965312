using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_IGNORE, RFC 4253 section 11.2.</summary>
internal readonly record struct Ignore(byte[] Data) : IMessage<Ignore>
{
    public static MessageNumber Number => MessageNumber.Ignore;

    public static Ignore Read(ref SshReader reader) => new(reader.ReadString().ToArray());

    public void Write(ref SshWriter writer) => writer.WriteString(Data);
}

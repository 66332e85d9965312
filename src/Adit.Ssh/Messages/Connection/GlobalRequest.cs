using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_GLOBAL_REQUEST, RFC 4254 section 4. <paramref name="Fields"/> are the request's own, still encoded.</summary>
internal readonly record struct GlobalRequest(string Name, bool WantReply, byte[] Fields) : IMessage<GlobalRequest>
{
    public static MessageNumber Number => MessageNumber.GlobalRequest;

    public static GlobalRequest Read(ref SshReader reader) =>
        new(reader.ReadName(), reader.ReadBoolean(), reader.ReadBytes(reader.Rest.Length).ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(Name);
        writer.WriteBoolean(WantReply);
        writer.WriteBytes(Fields);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_REQUEST, RFC 4252 section 5. <paramref name="Fields"/> are the method's own, still encoded.</summary>
internal readonly record struct UserAuthRequest(string User, string Service, string Method, byte[] Fields) : IMessage<UserAuthRequest>
{
    public static MessageNumber Number => MessageNumber.UserAuthRequest;

    public static UserAuthRequest Read(ref SshReader reader) =>
        new(reader.ReadText(), reader.ReadName(), reader.ReadName(), reader.ReadBytes(reader.Rest.Length).ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(User);
        writer.WriteString(Service);
        writer.WriteString(Method);
        writer.WriteBytes(Fields);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_FAILURE, RFC 4252 section 5.1.</summary>
internal readonly record struct UserAuthFailure(string[] CanContinue, bool PartialSuccess) : IMessage<UserAuthFailure>
{
    public static MessageNumber Number => MessageNumber.UserAuthFailure;

    public static UserAuthFailure Read(ref SshReader reader) => new(reader.ReadNameList(), reader.ReadBoolean());

    public void Write(ref SshWriter writer)
    {
        writer.WriteNameList(CanContinue);
        writer.WriteBoolean(PartialSuccess);
    }
}

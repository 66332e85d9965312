using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_SUCCESS, RFC 4252 section 5.1.</summary>
internal readonly record struct UserAuthSuccess : IMessage<UserAuthSuccess>
{
    public static MessageNumber Number => MessageNumber.UserAuthSuccess;

    public static UserAuthSuccess Read(ref SshReader reader) => default;

    public void Write(ref SshWriter writer)
    {
    }
}

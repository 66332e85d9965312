using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 section 8.</summary>
internal readonly record struct PasswordChangeRequest(string Prompt, string Language = "") : IMessage<PasswordChangeRequest>
{
    public static MessageNumber Number => MessageNumber.UserAuthMethod60;

    public static PasswordChangeRequest Read(ref SshReader reader) => new(reader.ReadHumanText(), reader.ReadHumanText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(Prompt);
        writer.WriteString(Language);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_BANNER, RFC 4252 section 5.4.</summary>
internal readonly record struct UserAuthBanner(string Text, string Language = "") : IMessage<UserAuthBanner>
{
    public static MessageNumber Number => MessageNumber.UserAuthBanner;

    public static UserAuthBanner Read(ref SshReader reader) => new(reader.ReadHumanText(), reader.ReadHumanText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(Text);
        writer.WriteString(Language);
    }
}

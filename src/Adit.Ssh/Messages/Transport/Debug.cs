using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_DEBUG, RFC 4253 section 11.3.</summary>
internal readonly record struct Debug(bool AlwaysDisplay, string Text, string Language = "") : IMessage<Debug>
{
    public static MessageNumber Number => MessageNumber.Debug;

    public static Debug Read(ref SshReader reader) => new(reader.ReadBoolean(), reader.ReadHumanText(), reader.ReadHumanText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteBoolean(AlwaysDisplay);
        writer.WriteString(Text);
        writer.WriteString(Language);
    }
}

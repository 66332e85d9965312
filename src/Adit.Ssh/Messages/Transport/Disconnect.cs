using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_DISCONNECT, RFC 4253 section 11.1.</summary>
internal readonly record struct Disconnect(DisconnectCode Code, string Description, string Language = "") : IMessage<Disconnect>
{
    public static MessageNumber Number => MessageNumber.Disconnect;

    public static Disconnect Read(ref SshReader reader) => new((DisconnectCode)reader.ReadUInt32(), reader.ReadHumanText(), reader.ReadHumanText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32((uint)Code);
        writer.WriteString(Description);
        writer.WriteString(Language);
    }
}

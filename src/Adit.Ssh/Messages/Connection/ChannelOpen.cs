using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_OPEN, RFC 4254 section 5.1. <paramref name="Fields"/> are the channel type's own, still encoded.</summary>
internal readonly record struct ChannelOpen(string Type, uint Sender, uint Window, uint MaxPacket, byte[] Fields) : IMessage<ChannelOpen>
{
    public static MessageNumber Number => MessageNumber.ChannelOpen;

    public static ChannelOpen Read(ref SshReader reader) =>
        new(reader.ReadName(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadBytes(reader.Rest.Length).ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(Type);
        writer.WriteUInt32(Sender);
        writer.WriteUInt32(Window);
        writer.WriteUInt32(MaxPacket);
        writer.WriteBytes(Fields);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_OPEN_CONFIRMATION, RFC 4254 section 5.1.</summary>
internal readonly record struct ChannelOpenConfirmation(uint Recipient, uint Sender, uint Window, uint MaxPacket, byte[] Fields)
    : IMessage<ChannelOpenConfirmation>
{
    public static MessageNumber Number => MessageNumber.ChannelOpenConfirmation;

    public static ChannelOpenConfirmation Read(ref SshReader reader) =>
        new(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadBytes(reader.Rest.Length).ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Recipient);
        writer.WriteUInt32(Sender);
        writer.WriteUInt32(Window);
        writer.WriteUInt32(MaxPacket);
        writer.WriteBytes(Fields);
    }
}

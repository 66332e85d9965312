using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_EXTENDED_DATA, RFC 4254 section 5.2. Type 1 is stderr.</summary>
internal readonly record struct ChannelExtendedData(uint Recipient, uint DataType, byte[] Data) : IMessage<ChannelExtendedData>
{
    public static MessageNumber Number => MessageNumber.ChannelExtendedData;

    public static ChannelExtendedData Read(ref SshReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadString().ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Recipient);
        writer.WriteUInt32(DataType);
        writer.WriteString(Data);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_WINDOW_ADJUST, RFC 4254 section 5.2.</summary>
internal readonly record struct ChannelWindowAdjust(uint Recipient, uint BytesToAdd) : IMessage<ChannelWindowAdjust>
{
    /// <summary>Bytes of the whole payload, message number included.</summary>
    public const int PayloadLength = 9;

    public static MessageNumber Number => MessageNumber.ChannelWindowAdjust;

    public static ChannelWindowAdjust Read(ref SshReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Recipient);
        writer.WriteUInt32(BytesToAdd);
    }
}

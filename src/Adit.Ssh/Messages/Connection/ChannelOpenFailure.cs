using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 section 5.1.</summary>
internal readonly record struct ChannelOpenFailure(uint Recipient, ChannelOpenFailureReason Reason, string Description, string Language = "")
    : IMessage<ChannelOpenFailure>
{
    public static MessageNumber Number => MessageNumber.ChannelOpenFailure;

    public static ChannelOpenFailure Read(ref SshReader reader) =>
        new(reader.ReadUInt32(), (ChannelOpenFailureReason)reader.ReadUInt32(), reader.ReadHumanText(), reader.ReadHumanText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Recipient);
        writer.WriteUInt32((uint)Reason);
        writer.WriteString(Description);
        writer.WriteString(Language);
    }
}

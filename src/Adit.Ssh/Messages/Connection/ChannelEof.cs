using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_EOF, RFC 4254 section 5.3.</summary>
internal readonly record struct ChannelEof(uint Recipient) : IMessage<ChannelEof>
{
    public static MessageNumber Number => MessageNumber.ChannelEof;

    public static ChannelEof Read(ref SshReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(Recipient);
}

/// <summary>SSH_MSG_CHANNEL_CLOSE, RFC 4254 section 5.3.</summary>
internal readonly record struct ChannelClose(uint Recipient) : IMessage<ChannelClose>
{
    public static MessageNumber Number => MessageNumber.ChannelClose;

    public static ChannelClose Read(ref SshReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(Recipient);
}

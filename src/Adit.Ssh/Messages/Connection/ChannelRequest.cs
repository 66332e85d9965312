using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Connection;

/// <summary>SSH_MSG_CHANNEL_REQUEST, RFC 4254 section 5.4. <paramref name="Fields"/> are the request's own, still encoded.</summary>
internal readonly record struct ChannelRequest(uint Recipient, string Type, bool WantReply, byte[] Fields) : IMessage<ChannelRequest>
{
    public static MessageNumber Number => MessageNumber.ChannelRequest;

    public static ChannelRequest Read(ref SshReader reader) =>
        new(reader.ReadUInt32(), reader.ReadName(), reader.ReadBoolean(), reader.ReadBytes(reader.Rest.Length).ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Recipient);
        writer.WriteString(Type);
        writer.WriteBoolean(WantReply);
        writer.WriteBytes(Fields);
    }
}

/// <summary>SSH_MSG_CHANNEL_SUCCESS, RFC 4254 section 5.4.</summary>
internal readonly record struct ChannelSuccess(uint Recipient) : IMessage<ChannelSuccess>
{
    public static MessageNumber Number => MessageNumber.ChannelSuccess;

    public static ChannelSuccess Read(ref SshReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(Recipient);
}

/// <summary>SSH_MSG_CHANNEL_FAILURE, RFC 4254 section 5.4.</summary>
internal readonly record struct ChannelFailure(uint Recipient) : IMessage<ChannelFailure>
{
    public static MessageNumber Number => MessageNumber.ChannelFailure;

    public static ChannelFailure Read(ref SshReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(Recipient);
}

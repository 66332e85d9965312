using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_UNIMPLEMENTED, RFC 4253 section 11.4: the sequence number of the packet that was not understood.</summary>
internal readonly record struct Unimplemented(uint SequenceNumber) : IMessage<Unimplemented>
{
    public static MessageNumber Number => MessageNumber.Unimplemented;

    public static Unimplemented Read(ref SshReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(SequenceNumber);
}

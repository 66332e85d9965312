using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>A session has ended.</summary>
/// <param name="SessionId">As the answer to its opening named it.</param>
/// <param name="Status">What its command returned.</param>
internal readonly record struct ExitMessage(uint SessionId, uint Status) : IMuxMessage<ExitMessage>
{
    public static MuxMessageNumber Number => MuxMessageNumber.ExitMessage;

    public static ExitMessage Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(SessionId);
        writer.WriteUInt32(Status);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>The master is alive.</summary>
/// <param name="RequestId">That of the request.</param>
/// <param name="ProcessId">Its process.</param>
internal readonly record struct Alive(uint RequestId, uint ProcessId) : IMuxMessage<Alive>
{
    public static MuxMessageNumber Number => MuxMessageNumber.Alive;

    public static Alive Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteUInt32(ProcessId);
    }
}

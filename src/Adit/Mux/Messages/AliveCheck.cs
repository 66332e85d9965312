using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks whether the master is alive, and for its process.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
internal readonly record struct AliveCheck(uint RequestId) : IMuxMessage<AliveCheck>
{
    public static MuxMessageNumber Number => MuxMessageNumber.AliveCheck;

    public static AliveCheck Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(RequestId);
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks the master to end, with all that runs over it.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
internal readonly record struct Terminate(uint RequestId) : IMuxMessage<Terminate>
{
    public static MuxMessageNumber Number => MuxMessageNumber.Terminate;

    public static Terminate Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(RequestId);
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks the master to take no more clients and to remove its socket. What runs goes on.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
internal readonly record struct StopListening(uint RequestId) : IMuxMessage<StopListening>
{
    public static MuxMessageNumber Number => MuxMessageNumber.StopListening;

    public static StopListening Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(RequestId);
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>The server gave the session no terminal, so the client's own may leave raw mode.</summary>
/// <param name="SessionId">As the answer to its opening named it.</param>
internal readonly record struct TtyAllocationFailed(uint SessionId) : IMuxMessage<TtyAllocationFailed>
{
    public static MuxMessageNumber Number => MuxMessageNumber.TtyAllocationFailed;

    public static TtyAllocationFailed Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(SessionId);
}

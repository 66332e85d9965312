using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Yes.</summary>
/// <param name="RequestId">That of the request.</param>
internal readonly record struct Ok(uint RequestId) : IMuxMessage<Ok>
{
    public static MuxMessageNumber Number => MuxMessageNumber.Ok;

    public static Ok Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(RequestId);
}

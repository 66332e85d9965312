using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>It did not work.</summary>
/// <param name="RequestId">That of the request.</param>
/// <param name="Reason">Why, for people.</param>
internal readonly record struct Failure(uint RequestId, string Reason) : IMuxMessage<Failure>
{
    public static MuxMessageNumber Number => MuxMessageNumber.Failure;

    public static Failure Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteString(Reason);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>A session or stdio forward has begun; its end is the end of the client's connection.</summary>
/// <param name="RequestId">That of the request.</param>
/// <param name="SessionId">Names it in later messages.</param>
internal readonly record struct SessionOpened(uint RequestId, uint SessionId) : IMuxMessage<SessionOpened>
{
    public static MuxMessageNumber Number => MuxMessageNumber.SessionOpened;

    public static SessionOpened Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteUInt32(SessionId);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks for the connection itself: behind the answer go messages of the SSH connection protocol, RFC 4254.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
internal readonly record struct Proxy(uint RequestId) : IMuxMessage<Proxy>
{
    public static MuxMessageNumber Number => MuxMessageNumber.Proxy;

    public static Proxy Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(RequestId);
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>The forward listens on the port that was chosen for it.</summary>
/// <param name="RequestId">That of the request.</param>
/// <param name="Port">The port.</param>
internal readonly record struct RemotePort(uint RequestId, uint Port) : IMuxMessage<RemotePort>
{
    public static MuxMessageNumber Number => MuxMessageNumber.RemotePort;

    public static RemotePort Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadUInt32());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteUInt32(Port);
    }
}

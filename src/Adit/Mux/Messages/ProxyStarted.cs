using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>From here on the connection carries the SSH connection protocol.</summary>
/// <param name="RequestId">That of the request.</param>
internal readonly record struct ProxyStarted(uint RequestId) : IMuxMessage<ProxyStarted>
{
    public static MuxMessageNumber Number => MuxMessageNumber.ProxyStarted;

    public static ProxyStarted Read(ref MuxReader reader) => new(reader.ReadUInt32());

    public void Write(ref SshWriter writer) => writer.WriteUInt32(RequestId);
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks for a forward. The answer is <see cref="RemotePort"/> where the port was to be chosen, else <see cref="Ok"/>.</summary>
internal readonly record struct OpenForward(uint RequestId, ForwardFields Forward) : IMuxMessage<OpenForward>
{
    public static MuxMessageNumber Number => MuxMessageNumber.OpenForward;

    public static OpenForward Read(ref MuxReader reader) => new(reader.ReadUInt32(), ForwardFields.Read(ref reader));

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        Forward.Write(ref writer);
    }
}

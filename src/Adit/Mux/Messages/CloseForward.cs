using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks for the end of a forward, in the words with which it was asked for.</summary>
internal readonly record struct CloseForward(uint RequestId, ForwardFields Forward) : IMuxMessage<CloseForward>
{
    public static MuxMessageNumber Number => MuxMessageNumber.CloseForward;

    public static CloseForward Read(ref MuxReader reader) => new(reader.ReadUInt32(), ForwardFields.Read(ref reader));

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        Forward.Write(ref writer);
    }
}

using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks for a connection to a target on the client's input and output, whose descriptors follow.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
/// <param name="Host">The target's name or address; the path where the port is <see cref="ForwardFields.PathPort"/>.</param>
/// <param name="Port">The target's port. Whether it is one is the receiver's to check.</param>
internal readonly record struct NewStdioForward(uint RequestId, string Host, uint Port) : IMuxMessage<NewStdioForward>
{
    public const int Descriptors = 2;

    public static MuxMessageNumber Number => MuxMessageNumber.NewStdioForward;

    public static NewStdioForward Read(ref MuxReader reader)
    {
        uint requestId = reader.ReadUInt32();
        reader.ReadString(); // reserved
        return new(requestId, reader.ReadText(ForwardFields.MaxName), reader.ReadUInt32());
    }

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteString(string.Empty);
        writer.WriteString(Host);
        writer.WriteUInt32(Port);
    }
}

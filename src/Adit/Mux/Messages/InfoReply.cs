using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>What was asked for by <see cref="Info"/>.</summary>
/// <param name="RequestId">That of the request.</param>
/// <param name="Known">Whether the name is known.</param>
/// <param name="Text">The text, or why there is none.</param>
internal readonly record struct InfoReply(uint RequestId, bool Known, string Text) : IMuxMessage<InfoReply>
{
    public static MuxMessageNumber Number => MuxMessageNumber.InfoReply;

    public static InfoReply Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadFlag(), reader.ReadText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteFlag(Known);
        writer.WriteString(Text);
    }
}

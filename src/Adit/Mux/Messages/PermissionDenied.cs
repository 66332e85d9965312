using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>The master's owner said no.</summary>
/// <param name="RequestId">That of the request.</param>
/// <param name="Reason">Why, for people.</param>
internal readonly record struct PermissionDenied(uint RequestId, string Reason) : IMuxMessage<PermissionDenied>
{
    public static MuxMessageNumber Number => MuxMessageNumber.PermissionDenied;

    public static PermissionDenied Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteString(Reason);
    }
}

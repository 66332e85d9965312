using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Asks for a text about the connection. Not in PROTOCOL.mux; from OpenSSH 10.3 on offered by the extension <c>info</c>.</summary>
/// <param name="RequestId">Comes back in the answer.</param>
/// <param name="Name"><see cref="Connection"/> or <see cref="Channels"/>.</param>
internal readonly record struct Info(uint RequestId, string Name) : IMuxMessage<Info>
{
    public const string Connection = "connection";
    public const string Channels = "channels";

    /// <summary>Our own: all about the tunnel, as JSON.</summary>
    public const string Tunnel = "tunnel@adit";

    public static MuxMessageNumber Number => MuxMessageNumber.Info;

    public static Info Read(ref MuxReader reader) => new(reader.ReadUInt32(), reader.ReadText());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(RequestId);
        writer.WriteString(Name);
    }
}

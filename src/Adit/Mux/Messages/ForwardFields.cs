using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>A forward as <see cref="OpenForward"/> and <see cref="CloseForward"/> carry it. What the numbers mean is the receiver's to check.</summary>
/// <param name="Kind">1 local, 2 remote, 3 dynamic.</param>
/// <param name="ListenHost">Where to listen; empty for the default, <c>*</c> for everywhere, or a path where the port is <see cref="PathPort"/>.</param>
/// <param name="ListenPort">The port to listen on.</param>
/// <param name="ConnectHost">The target, or its path where the port is <see cref="PathPort"/>.</param>
/// <param name="ConnectPort">The target's port; 0 where each connection names its target by SOCKS.</param>
internal readonly record struct ForwardFields(uint Kind, string ListenHost, uint ListenPort, string ConnectHost, uint ConnectPort)
{
    /// <summary>Says that the host is the path of a Unix socket: (unsigned) -2.</summary>
    public const uint PathPort = 0xfffffffe;

    /// <summary>The longest host or path, in bytes.</summary>
    public const int MaxName = 1025;

    public static ForwardFields Read(ref MuxReader reader) =>
        new(reader.ReadUInt32(), reader.ReadText(MaxName), reader.ReadUInt32(), reader.ReadText(MaxName), reader.ReadUInt32());

    public void Write(ref SshWriter writer)
    {
        writer.WriteUInt32(Kind);
        writer.WriteString(ListenHost);
        writer.WriteUInt32(ListenPort);
        writer.WriteString(ConnectHost);
        writer.WriteUInt32(ConnectPort);
    }
}

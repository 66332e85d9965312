using Adit.Ssh.Wire;

namespace Adit.Mux.Messages;

/// <summary>Flags of PROTOCOL.mux, which take four bytes.</summary>
internal static class MuxFlag
{
    public static void WriteFlag(this ref SshWriter writer, bool value) => writer.WriteUInt32(value ? 1u : 0u);
}

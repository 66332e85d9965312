using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>
/// SSH_MSG_KEX_ECDH_INIT (RFC 5656 section 4) with Q_C, C_INIT of the hybrid exchange, and SSH_MSG_KEXDH_INIT
/// (RFC 4253 section 8) with the mpint e: number and layout are the same, a length and that many bytes.
/// </summary>
internal readonly record struct KexEcdhInit(byte[] PublicValue) : IMessage<KexEcdhInit>
{
    public static MessageNumber Number => MessageNumber.KexEcdhInit;

    public static KexEcdhInit Read(ref SshReader reader) => new(reader.ReadString().ToArray());

    public void Write(ref SshWriter writer) => writer.WriteString(PublicValue);
}

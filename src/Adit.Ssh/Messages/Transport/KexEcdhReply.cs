using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Transport;

/// <summary>SSH_MSG_KEX_ECDH_REPLY (RFC 5656 section 4), S_REPLY of the hybrid exchange, and SSH_MSG_KEXDH_REPLY (RFC 4253 section 8).</summary>
internal readonly record struct KexEcdhReply(byte[] HostKey, byte[] PublicValue, byte[] Signature) : IMessage<KexEcdhReply>
{
    public static MessageNumber Number => MessageNumber.KexEcdhReply;

    public static KexEcdhReply Read(ref SshReader reader) =>
        new(reader.ReadString().ToArray(), reader.ReadString().ToArray(), reader.ReadString().ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(HostKey);
        writer.WriteString(PublicValue);
        writer.WriteString(Signature);
    }
}

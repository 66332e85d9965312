using Adit.Ssh.Wire;

namespace Adit.Ssh.Messages.Authentication;

/// <summary>SSH_MSG_USERAUTH_PK_OK, RFC 4252 section 7.</summary>
internal readonly record struct PublicKeyOk(string Algorithm, byte[] KeyBlob) : IMessage<PublicKeyOk>
{
    public static MessageNumber Number => MessageNumber.UserAuthMethod60;

    public static PublicKeyOk Read(ref SshReader reader) => new(reader.ReadName(), reader.ReadString().ToArray());

    public void Write(ref SshWriter writer)
    {
        writer.WriteString(Algorithm);
        writer.WriteString(KeyBlob);
    }
}

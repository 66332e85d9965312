using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Authentication;
using Adit.Ssh.Wire;

namespace Adit.Ssh.Auth;

/// <summary>What a signature of the publickey method covers, RFC 4252 section 7. The same on both sides.</summary>
internal static class PublicKeySignature
{
    /// <summary>The method that also signs the server's host key, OpenSSH's PROTOCOL section 1.8.</summary>
    public const string HostBound = "publickey-hostbound-v00@openssh.com";

    /// <summary>The session identifier, and the request up to the signature.</summary>
    public static byte[] Data(ReadOnlySpan<byte> sessionId, in UserAuthRequest unsigned)
    {
        var writer = new SshWriter(stackalloc byte[1024]);
        writer.WriteString(sessionId);
        writer.WriteBytes(Message.Encode(unsigned));
        byte[] data = writer.ToArray();
        writer.Dispose();
        return data;
    }
}

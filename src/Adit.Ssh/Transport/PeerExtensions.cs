using System.Text;
using Adit.Ssh.Messages.Transport;

namespace Adit.Ssh.Transport;

/// <summary>What a peer announced with EXT_INFO (RFC 8308), as far as it is of use here. Immutable.</summary>
/// <param name="ServerSignatureAlgorithms">server-sig-algs, RFC 8308 section 3.1; null where the server said nothing.</param>
/// <param name="HostBound">publickey-hostbound@openssh.com, OpenSSH's PROTOCOL section 1.8.</param>
/// <param name="Messages">How many such messages there were.</param>
internal sealed record PeerExtensions(string[]? ServerSignatureAlgorithms, bool HostBound, int Messages)
{
    // One behind NEWKEYS and one before USERAUTH_SUCCESS are right; some peers repeat themselves.
    private const int MaxMessages = 8;

    public static PeerExtensions None { get; } = new(null, false, 0);

    /// <summary>The last value of a name counts.</summary>
    public PeerExtensions With(in ExtensionInfo info)
    {
        if (Messages == MaxMessages)
            throw new SshProtocolException(CloseReason.ProtocolError, $"the peer sent more than {MaxMessages} EXT_INFO messages");
        PeerExtensions next = this with { Messages = Messages + 1 };
        foreach ((string name, byte[] value) in info.Extensions)
        {
            next = name switch
            {
                "server-sig-algs" => next with { ServerSignatureAlgorithms = Encoding.ASCII.GetString(value).Split(',') },
                "publickey-hostbound@openssh.com" => next with { HostBound = true },
                _ => next,
            };
        }

        return next;
    }
}

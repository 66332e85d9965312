using Adit.Ssh.Messages.Transport;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Kex;

/// <summary>What both KEXINITs come to, RFC 4253 section 7.1: of each list, the client's first that the server has too.</summary>
internal sealed record Negotiation
{
    public const string ExtensionInfoClient = "ext-info-c";
    public const string ExtensionInfoServer = "ext-info-s";
    public const string StrictClient = "kex-strict-c-v00@openssh.com";
    public const string StrictServer = "kex-strict-s-v00@openssh.com";

    public required KexAlgorithm Kex { get; init; }

    public required string HostKeyAlgorithm { get; init; }

    public required CipherAlgorithm CipherToServer { get; init; }

    public required CipherAlgorithm CipherToClient { get; init; }

    public required MacAlgorithm? MacToServer { get; init; }

    public required MacAlgorithm? MacToClient { get; init; }

    /// <summary>The peer sent a first packet of another method on a guess: the next packet of the exchange is to be skipped.</summary>
    public required bool SkipsGuess { get; init; }

    public bool IsOpenToTerrapin => CipherToServer.IsOpenToTerrapin(MacToServer) || CipherToClient.IsOpenToTerrapin(MacToClient);

    /// <exception cref="SshProtocolException">A kind of algorithm has no common name; both lists are in the message.</exception>
    public static Negotiation Resolve(in KexInit own, in KexInit peer, SshRole role)
    {
        (KexInit client, KexInit server) = role is SshRole.Client ? (own, peer) : (peer, own);
        string kex = First("key exchange", client.KexAlgorithms, server.KexAlgorithms, role);
        string hostKey = First("host key", client.ServerHostKeyAlgorithms, server.ServerHostKeyAlgorithms, role);
        var toServer = CipherAlgorithm.Named(First("cipher", client.CiphersToServer, server.CiphersToServer, role));
        var toClient = CipherAlgorithm.Named(First("cipher", client.CiphersToClient, server.CiphersToClient, role));
        First("compression", client.CompressionToServer, server.CompressionToServer, role);
        First("compression", client.CompressionToClient, server.CompressionToClient, role);
        return new()
        {
            Kex = KexAlgorithm.Named(kex),
            HostKeyAlgorithm = hostKey,
            CipherToServer = toServer,
            CipherToClient = toClient,
            MacToServer = toServer.IsAead ? null : MacAlgorithm.Named(First("MAC", client.MacsToServer, server.MacsToServer, role)),
            MacToClient = toClient.IsAead ? null : MacAlgorithm.Named(First("MAC", client.MacsToClient, server.MacsToClient, role)),
            SkipsGuess = peer.FirstKexPacketFollows
                && (client.KexAlgorithms[0] != server.KexAlgorithms[0] || client.ServerHostKeyAlgorithms[0] != server.ServerHostKeyAlgorithms[0]),
        };
    }

    private static string First(string kind, string[] client, string[] server, SshRole role)
    {
        foreach (string name in client)
        {
            if (server.AsSpan().Contains(name) && !IsPseudo(name))
                return name;
        }

        (string[] own, string[] peer) = role is SshRole.Client ? (client, server) : (server, client);
        throw new SshProtocolException(
            CloseReason.KeyExchangeFailed,
            $"no common {kind} algorithm; ours: {string.Join(',', own.Where(name => !IsPseudo(name)))}; the peer's: {string.Join(',', peer.Where(name => !IsPseudo(name)))}");
    }

    private static bool IsPseudo(string name) => name is ExtensionInfoClient or ExtensionInfoServer or StrictClient or StrictServer;
}

using Adit.Ssh.Keys;

namespace Adit.Ssh.Connection;

/// <summary>What was agreed with the peer.</summary>
public sealed record ConnectionInfo
{
    /// <summary>The peer's identification, such as <c>SSH-2.0-OpenSSH_9.2p1</c>: printable US-ASCII.</summary>
    public required string PeerIdentification { get; init; }

    /// <summary>The key exchange method.</summary>
    public required string Kex { get; init; }

    /// <summary>The algorithm with which the server proved its host key.</summary>
    public required string HostKeyAlgorithm { get; init; }

    /// <summary>The server's host key.</summary>
    public required SshPublicKey HostKey { get; init; }

    /// <summary>The cipher towards the server.</summary>
    public required string CipherToServer { get; init; }

    /// <summary>The cipher towards the client.</summary>
    public required string CipherToClient { get; init; }

    /// <summary>The MAC towards the server; null where the cipher needs none.</summary>
    public string? MacToServer { get; init; }

    /// <summary>The MAC towards the client; null where the cipher needs none.</summary>
    public string? MacToClient { get; init; }

    /// <summary>Whether both ends keep to strict key exchange.</summary>
    public required bool StrictKex { get; init; }

    /// <summary>Names this connection in signatures: H of the first key exchange.</summary>
    public required ReadOnlyMemory<byte> SessionId { get; init; }
}

using Adit.Ssh.Keys;

namespace Adit.Ssh.Kex;

/// <summary>Answers whether the peer's host key is the right one, before anything is entrusted to it. Throws <see cref="SshHostKeyException"/> when not.</summary>
/// <param name="hostKey">The key, or certificate, whose ownership the server has just proved.</param>
/// <param name="cancellationToken">Cancelled when the connection ends meanwhile.</param>
public delegate ValueTask HostKeyVerifier(SshPublicKey hostKey, CancellationToken cancellationToken);

/// <summary>What a key exchange needs to know. A client has a verifier, a server has host keys.</summary>
internal sealed record KeyExchangeOptions
{
    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    public RekeyLimit RekeyLimit { get; init; } = RekeyLimit.Default;

    public HostKeyVerifier? VerifyHostKey { get; init; }

    public IReadOnlyList<ISshSigner> HostKeys { get; init; } = [];

    /// <summary>What this side announces in EXT_INFO behind its first NEWKEYS, if the peer wants to know.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Extensions { get; init; } = [];

    /// <summary>Longest duration of a rekey; then the connection ends.</summary>
    public TimeSpan RekeyTimeout { get; init; } = TimeSpan.FromMinutes(1);
}

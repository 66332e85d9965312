namespace Adit.Ssh.Kex;

/// <summary>
/// Which algorithms are offered, most preferred first, by their names on the wire (RFC 4253 section 6). A name that this engine does not
/// serve is an error. Immutable; safe to share.
/// </summary>
public sealed record AlgorithmPreferences
{
    private static readonly string[] AllKex = [.. KexAlgorithm.All.Select(algorithm => algorithm.Name)];
    private static readonly string[] AllCiphers = [.. CipherAlgorithm.All.Select(algorithm => algorithm.Name)];
    private static readonly string[] AllMacs = [.. MacAlgorithm.All.Select(algorithm => algorithm.Name)];

    private static readonly string[] AllHostKeys =
    [
        "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "ecdsa-sha2-nistp384-cert-v01@openssh.com",
        "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "rsa-sha2-512-cert-v01@openssh.com",
        "rsa-sha2-256-cert-v01@openssh.com",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ];

    /// <summary>Everything that is served, in the default order.</summary>
    public static AlgorithmPreferences Default { get; } = new();

    /// <summary>Key exchange methods. Default: all, the post-quantum hybrid first.</summary>
    public IReadOnlyList<string> Kex { get; init; } = AllKex;

    /// <summary>Host key algorithms. Default: all, certificates first, then Ed25519, ECDSA, RSA with SHA-2.</summary>
    public IReadOnlyList<string> HostKeys { get; init; } = AllHostKeys;

    /// <summary>Ciphers, for both directions. Default: all, AES-GCM first.</summary>
    public IReadOnlyList<string> Ciphers { get; init; } = AllCiphers;

    /// <summary>MACs for the ciphers that need one. Default: all, encrypt-then-MAC first.</summary>
    public IReadOnlyList<string> Macs { get; init; } = AllMacs;

    /// <exception cref="ArgumentException">A list is empty or names an algorithm that is not served.</exception>
    internal void Validate()
    {
        Check(Kex, AllKex, "key exchange");
        Check(HostKeys, AllHostKeys, "host key");
        Check(Ciphers, AllCiphers, "cipher");
        Check(Macs, AllMacs, "MAC");
    }

    private static void Check(IReadOnlyList<string> names, string[] served, string kind)
    {
        if (names.Count == 0)
            throw new ArgumentException($"the list of {kind} algorithms is empty", nameof(names));
        if (names.FirstOrDefault(name => !served.Contains(name)) is { } unknown)
            throw new ArgumentException($"the {kind} algorithm {unknown} is not served; known: {string.Join(", ", served)}", nameof(names));
    }
}

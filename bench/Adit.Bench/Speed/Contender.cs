namespace Adit.Bench.Speed;

/// <summary>A way from a program to a service on this machine, to be measured beside others.</summary>
/// <param name="Name">Its name in the results.</param>
/// <param name="Client">Which program holds the local end; null for none.</param>
/// <param name="Server">Which program is the far end.</param>
/// <param name="Options">Options of the client beyond those that all have.</param>
internal sealed record Contender(string Name, ClientProgram? Client, ServerProgram Server, params IReadOnlyList<string> Options)
{
    private const string Gcm = "Ciphers=aes128-gcm@openssh.com";

    /// <summary>No tunnel.</summary>
    public static readonly Contender Direct = new("direct", null, ServerProgram.None);

    /// <summary>OpenSSH at both ends, as it comes.</summary>
    public static readonly Contender Ssh = new("ssh", ClientProgram.Ssh, ServerProgram.Sshd);

    /// <summary>OpenSSH at both ends with the fastest cipher that both tools have.</summary>
    public static readonly Contender SshGcm = new("ssh gcm", ClientProgram.Ssh, ServerProgram.Sshd, "-o", Gcm);

    /// <summary>Adit's client with OpenSSH's server.</summary>
    public static readonly Contender AditSshd = new("adit+sshd", ClientProgram.Adit, ServerProgram.Sshd, "-o", Gcm);

    /// <summary>Adit at both ends.</summary>
    public static readonly Contender Adit = new("adit", ClientProgram.Adit, ServerProgram.Gateway);

    /// <summary>dropbear at both ends, as it comes.</summary>
    public static readonly Contender Dropbear = new("dropbear", ClientProgram.Dbclient, ServerProgram.Dropbear);

    /// <summary>Two processes that copy, without encryption: what such a tunnel can reach at most.</summary>
    public static readonly Contender Relay = new("relay", ClientProgram.Relay, ServerProgram.Relay);

    /// <summary>Those with a tunnel that are measured everywhere.</summary>
    public static readonly IReadOnlyList<Contender> Tunnels = [Ssh, SshGcm, AditSshd, Adit];

    public override string ToString() => Name;
}

/// <summary>Programs for the local end.</summary>
internal enum ClientProgram
{
    /// <summary>OpenSSH's ssh.</summary>
    Ssh = 0,

    /// <summary>This checkout's adit.</summary>
    Adit,

    /// <summary>dropbear's dbclient.</summary>
    Dbclient,

    /// <summary>A <see cref="RelayHop"/>.</summary>
    Relay,

    /// <summary>stunnel.</summary>
    Stunnel,

    /// <summary>This checkout's adit tls.</summary>
    AditTls,
}

/// <summary>Programs for the far end.</summary>
internal enum ServerProgram
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>OpenSSH's sshd.</summary>
    Sshd,

    /// <summary>This checkout's adit gateway.</summary>
    Gateway,

    /// <summary>dropbear's server.</summary>
    Dropbear,

    /// <summary>A <see cref="RelayHop"/> for each client.</summary>
    Relay,

    /// <summary>stunnel.</summary>
    Stunnel,

    /// <summary>This checkout's adit tls.</summary>
    AditTls,
}

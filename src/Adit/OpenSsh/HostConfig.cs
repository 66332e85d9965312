using System.Collections.Immutable;
using System.Net.Sockets;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>What to do about host keys that are not known, ssh_config(5) StrictHostKeyChecking.</summary>
internal enum HostKeyChecking
{
    /// <summary>Ask about unknown keys, refuse changed ones.</summary>
    Ask = 0,

    /// <summary>Refuse unknown and changed keys.</summary>
    Yes,

    /// <summary>Accept and remember unknown keys, refuse changed ones.</summary>
    AcceptNew,

    /// <summary>Accept and remember unknown keys; ssh connects even where a key has changed.</summary>
    Off,
}

/// <summary>What runs on the connection besides tunnels, ssh_config(5) SessionType.</summary>
internal enum SessionType
{
    /// <summary>A shell or a command.</summary>
    Default = 0,

    /// <summary>A subsystem.</summary>
    Subsystem,

    /// <summary>Nothing, as with -N.</summary>
    None,
}

/// <summary>How much is said, ssh_config(5) LogLevel; each level says what those before it say.</summary>
internal enum LogVerbosity
{
    /// <summary>Nothing.</summary>
    Quiet = 0,

    /// <summary>Why the end came.</summary>
    Fatal,

    /// <summary>Failures.</summary>
    Error,

    /// <summary>What one should know.</summary>
    Info,

    /// <summary>More of it.</summary>
    Verbose,

    /// <summary>-v</summary>
    Debug1,

    /// <summary>-vv</summary>
    Debug2,

    /// <summary>-vvv</summary>
    Debug3,
}

/// <summary>A value and where it was written.</summary>
internal readonly record struct Sourced<T>(T Value, ConfigSource Source);

/// <summary>All that is configured for one destination, resolved: no tokens are left in it. Immutable.</summary>
internal sealed record HostConfig
{
    /// <summary>The destination as it was given.</summary>
    public required string Alias { get; init; }

    /// <summary>The name or address to connect to, lower-case. Default: the destination itself.</summary>
    public required string HostName { get; init; }

    /// <summary>The port. Default 22.</summary>
    public int Port { get; init; } = 22;

    /// <summary>The user on the server. Default: the local user's name.</summary>
    public required string User { get; init; }

    /// <summary>The name under which the host key is known, in place of host and port; lower-case. Default none.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>Key files to try, in order. Their source is <see cref="ConfigSource.Default"/> for those that nobody asked for, which may be absent.</summary>
    public required ImmutableArray<Sourced<string>> IdentityFiles { get; init; }

    /// <summary>Certificates besides those that lie next to their keys as <c>-cert.pub</c>. Default none.</summary>
    public required ImmutableArray<Sourced<string>> CertificateFiles { get; init; }

    /// <summary>Whether the agent's keys are left out, but for those that <see cref="IdentityFiles"/> names. Default no.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>The agent's socket; null for no agent. Default: $SSH_AUTH_SOCK.</summary>
    public string? IdentityAgent { get; init; }

    /// <summary>The user's known_hosts files; the first is written to. Default ~/.ssh/known_hosts and known_hosts2.</summary>
    public required ImmutableArray<string> UserKnownHostsFiles { get; init; }

    /// <summary>The system's known_hosts files. Default /etc/ssh/ssh_known_hosts and ssh_known_hosts2.</summary>
    public required ImmutableArray<string> GlobalKnownHostsFiles { get; init; }

    /// <summary>Default ask.</summary>
    public HostKeyChecking StrictHostKeyChecking { get; init; }

    /// <summary>Whether names are hashed when they are added to known_hosts. Default no.</summary>
    public bool HashKnownHosts { get; init; }

    /// <summary>
    /// Ports and sockets to listen on here, in the order of their appearance; empty when ClearAllForwardings says so. With GatewayPorts,
    /// those without a bind address have the wildcard one.
    /// </summary>
    public ImmutableArray<Sourced<ForwardSpec>> LocalForwards { get; init; } = [];

    /// <summary>Whether a forward that cannot listen ends the connection. Default no.</summary>
    public bool ExitOnForwardFailure { get; init; }

    /// <summary>Whether forwards without a bind address listen on all addresses. Default no.</summary>
    public bool GatewayPorts { get; init; }

    /// <summary>Time of silence after which the server is asked for a sign of life; zero for never, 24 days at most. Default zero.</summary>
    public TimeSpan ServerAliveInterval { get; init; }

    /// <summary>Unanswered questions after which the connection ends; 0 ends it at the first silence. Default 3.</summary>
    public int ServerAliveCountMax { get; init; } = 3;

    /// <summary>TCP's own keepalive. Default yes.</summary>
    public bool TcpKeepAlive { get; init; } = true;

    /// <summary>Time for TCP, banner and key exchange together, 24 days at most; null for the system's. Default null.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>Tries, one a second, before giving up. Default 1.</summary>
    public int ConnectionAttempts { get; init; } = 1;

    /// <summary>The family of addresses to connect to and to bind; unspecified for any. Default any.</summary>
    public AddressFamily AddressFamily { get; init; } = AddressFamily.Unspecified;

    /// <summary>The local address (no name) to connect from. Default any.</summary>
    public string? BindAddress { get; init; }

    /// <summary>KexAlgorithms, HostKeyAlgorithms, Ciphers and MACs. Default: all that are served.</summary>
    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    /// <summary>Whether HostKeyAlgorithms was written; where not, the types of known keys go first.</summary>
    public bool HostKeyAlgorithmsChosen { get; init; }

    /// <summary>Signature algorithms that the user's keys may use. Default: those of host keys.</summary>
    public required ImmutableArray<string> PubkeyAcceptedAlgorithms { get; init; }

    /// <summary>Algorithms by which a host certificate may be signed. Default: all that are served.</summary>
    public required ImmutableArray<string> CaSignatureAlgorithms { get; init; }

    /// <summary>RSA keys with fewer bits are refused, the host's and the user's. Default 1024 as in ssh; the engine may refuse more.</summary>
    public int RequiredRsaSize { get; init; } = 1024;

    /// <summary>When keys are exchanged anew.</summary>
    public RekeyLimit RekeyLimit { get; init; } = RekeyLimit.Default;

    /// <summary>Methods in the order of preference: those of this list that are also enabled. Default publickey, keyboard-interactive, password.</summary>
    public required ImmutableArray<string> Authentications { get; init; }

    /// <summary>Whether nobody is there to be asked. Default no.</summary>
    public bool BatchMode { get; init; }

    /// <summary>Passwords to ask for before giving up. Default 3.</summary>
    public int NumberOfPasswordPrompts { get; init; } = 3;

    /// <summary>Default info.</summary>
    public LogVerbosity LogLevel { get; init; } = LogVerbosity.Info;

    /// <summary>Default a shell or command.</summary>
    public SessionType SessionType { get; init; }

    /// <summary>What was configured and has no effect, each named once with its place.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Configuration files that were read, in order.</summary>
    public ImmutableArray<string> Files { get; init; } = [];
}

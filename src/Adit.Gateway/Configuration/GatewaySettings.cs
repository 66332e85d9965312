using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Adit.OpenSsh;
using Adit.Ssh.Kex;

namespace Adit.Gateway.Configuration;

/// <summary>Which directions of forwarding are allowed (AllowTcpForwarding, AllowStreamLocalForwarding).</summary>
[Flags]
internal enum ForwardDirections
{
    /// <summary>None.</summary>
    No = 0,

    /// <summary>The client's -L, -D and -W: the gateway dials.</summary>
    Local = 1,

    /// <summary>The client's -R: the gateway listens.</summary>
    Remote = 2,

    /// <summary>Both.</summary>
    All = Local | Remote,
}

/// <summary>Where remote forwards may listen.</summary>
internal enum GatewayPorts
{
    /// <summary>On loopback, whatever was asked for.</summary>
    No,

    /// <summary>On all addresses, whatever was asked for.</summary>
    Yes,

    /// <summary>Where the client asks for.</summary>
    ClientSpecified,
}

/// <summary>MaxStartups: from <see cref="Begin"/> unauthenticated connections on, one is refused with a chance that grows from <see cref="Rate"/> percent to 100 at <see cref="Full"/>.</summary>
internal sealed record MaxStartups(int Begin, int Rate, int Full);

/// <summary>PerSourcePenalties of sshd_config(5): what misbehaviour costs an address.</summary>
internal sealed record SourcePenalties
{
    public bool Enabled { get; init; } = true;

    public TimeSpan Crash { get; init; } = TimeSpan.FromSeconds(90);

    public TimeSpan AuthFail { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan InvalidUser { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan RefuseConnection { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan NoAuth { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan GraceExceeded { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan Min { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan Max { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>IPv4 addresses remembered.</summary>
    public int MaxSources { get; init; } = 65_536;

    /// <summary>IPv6 addresses remembered.</summary>
    public int MaxSources6 { get; init; } = 65_536;

    /// <summary>When so many are remembered, new ones are refused (deny-all) instead of let in (permissive).</summary>
    public bool OverflowDeniesAll { get; init; }

    /// <summary>The same for IPv6.</summary>
    public bool Overflow6DeniesAll { get; init; }
}

/// <summary>The limits of a user that sshd does not have. Null is no limit.</summary>
internal sealed record UserLimits
{
    /// <summary>AditMaxConnections: connections at a time.</summary>
    public int? Connections { get; init; }

    /// <summary>AditMaxChannels: channels at a time, over all connections. Each may hold 2 MiB and a file of the process.</summary>
    public int? Channels { get; init; } = 1024;

    /// <summary>AditMaxListeners: remote forwards at a time, over all connections.</summary>
    public int? Listeners { get; init; }

    /// <summary>AditBandwidth: bytes per second, both directions and all connections together.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>AditMaxBytes: bytes in all of one connection, both directions together; then it ends.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>AditMaxSession: lifetime of a connection; then it ends.</summary>
    public TimeSpan? Session { get; init; }
}

/// <summary>
/// What sshd_config(5) and Adit's own keywords say: for one connection when its Match blocks were asked, else for the gateway as a whole.
/// Immutable.
/// </summary>
internal sealed record GatewaySettings
{
    /// <summary>Where to listen: an address or name, <c>*</c> for all, and a port.</summary>
    public ImmutableArray<(string Host, int Port)> ListenAddresses { get; init; } = [("*", 22)];

    /// <summary>Port: those of the addresses that name none; they are part of <see cref="ListenAddresses"/> already.</summary>
    public ImmutableArray<int> Ports { get; init; } = [22];

    public AddressFamily AddressFamily { get; init; } = AddressFamily.Unspecified;

    /// <summary>HostKey: paths of private keys.</summary>
    public ImmutableArray<Sourced<string>> HostKeys { get; init; } = [];

    public ImmutableArray<Sourced<string>> HostCertificates { get; init; } = [];

    public string? PidFile { get; init; }

    public LogVerbosity LogLevel { get; init; } = LogVerbosity.Info;

    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    public ImmutableArray<string> PubkeyAcceptedAlgorithms { get; init; } = [];

    public ImmutableArray<string> CaSignatureAlgorithms { get; init; } = [];

    public int RequiredRsaSize { get; init; } = 1024;

    public RekeyLimit RekeyLimit { get; init; } = RekeyLimit.Default;

    /// <summary>Zero is no limit.</summary>
    public TimeSpan LoginGraceTime { get; init; } = TimeSpan.FromSeconds(120);

    public int MaxAuthTries { get; init; } = 6;

    public MaxStartups MaxStartups { get; init; } = new(10, 30, 100);

    /// <summary>Null is no limit.</summary>
    public int? PerSourceMaxStartups { get; init; }

    /// <summary>Bits of an address that make one source: IPv4, IPv6.</summary>
    public (int V4, int V6) PerSourceNetBlockSize { get; init; } = (32, 128);

    public SourcePenalties PerSourcePenalties { get; init; } = new();

    public AddressPatternList? PerSourcePenaltyExemptList { get; init; }

    /// <summary>Zero never asks.</summary>
    public TimeSpan ClientAliveInterval { get; init; }

    public int ClientAliveCountMax { get; init; } = 3;

    public bool TcpKeepAlive { get; init; } = true;

    public ImmutableArray<ChannelTimeout> ChannelTimeouts { get; init; } = [];

    /// <summary>Zero is no limit.</summary>
    public TimeSpan UnusedConnectionTimeout { get; init; }

    /// <summary>Paths with tokens, to be expanded for the user; empty for none.</summary>
    public ImmutableArray<string> AuthorizedKeysFiles { get; init; } = [];

    public bool StrictModes { get; init; } = true;

    public string? TrustedUserCaKeys { get; init; }

    /// <summary>A path with tokens; null for none: then a certificate must name the user.</summary>
    public string? AuthorizedPrincipalsFile { get; init; }

    public string? RevokedKeys { get; init; }

    public ImmutableArray<string> AllowUsers { get; init; } = [];

    public ImmutableArray<string> DenyUsers { get; init; } = [];

    public ImmutableArray<string> AllowGroups { get; init; } = [];

    public ImmutableArray<string> DenyGroups { get; init; } = [];

    /// <summary>Lists of methods, each to be completed in its order; empty for any one method.</summary>
    public ImmutableArray<ImmutableArray<string>> AuthenticationMethods { get; init; } = [];

    public bool PubkeyAuthentication { get; init; } = true;

    public bool PasswordAuthentication { get; init; }

    public bool KbdInteractiveAuthentication { get; init; }

    public ForwardDirections AllowTcpForwarding { get; init; } = ForwardDirections.All;

    public ForwardDirections AllowStreamLocalForwarding { get; init; } = ForwardDirections.All;

    public bool DisableForwarding { get; init; }

    public GatewayPorts GatewayPorts { get; init; }

    /// <summary><c>host:port</c> as written; <c>any</c> or <c>none</c> alone; empty for any.</summary>
    public ImmutableArray<string> PermitOpen { get; init; } = [];

    /// <summary><c>[host:]port</c> as written; <c>any</c> or <c>none</c> alone; empty for any.</summary>
    public ImmutableArray<string> PermitListen { get; init; } = [];

    /// <summary>AditPermitOpen: rules in their order; empty for none.</summary>
    public ImmutableArray<EndpointRule> AditPermitOpen { get; init; } = [];

    /// <summary>AditPermitListen: rules in their order; empty for none.</summary>
    public ImmutableArray<EndpointRule> AditPermitListen { get; init; } = [];

    /// <summary>AditPermitFrom: who may connect to remote forwards; null for everybody who reaches them.</summary>
    public AddressPatternList? AditPermitFrom { get; init; }

    public UserLimits Limits { get; init; } = new();

    /// <summary>StreamLocalBindMask, the bits that the file of a socket does not get.</summary>
    public int StreamLocalBindMask { get; init; } = 0b001_111_111;

    public bool StreamLocalBindUnlink { get; init; }

    /// <summary>A path of text shown before authentication; null for none.</summary>
    public string? Banner { get; init; }

    /// <summary>RefuseConnection: why nobody gets in; null for not.</summary>
    public string? RefuseConnection { get; init; }

    public string? ForceCommand { get; init; }

    /// <summary>Sessions at a time on one connection; 0 leaves forwarding.</summary>
    public int MaxSessions { get; init; } = 10;

    /// <summary>AditPermitExec: whether exec is served, as the gateway's own user.</summary>
    public bool AditPermitExec { get; init; }

    /// <summary>AditUsersFile: the entries of users, with their groups and password hashes; null for none.</summary>
    public string? AditUsersFile { get; init; }

    /// <summary>AditAuditLog: a file to which every event is appended as a line of JSON; null for none.</summary>
    public string? AditAuditLog { get; init; }

    /// <summary>AditTlsListen: the ports of TLS clients.</summary>
    public ImmutableArray<Sourced<TlsListen>> AditTlsListens { get; init; } = [];

    /// <summary>AditTlsCertificate: what TLS clients are shown; null for none.</summary>
    public string? AditTlsCertificate { get; init; }

    /// <summary>AditTlsKey: its key; null where that is in the same file.</summary>
    public string? AditTlsKey { get; init; }

    /// <summary>AditTlsClientCA: the authorities of TLS clients' certificates; null for none.</summary>
    public string? AditTlsClientCa { get; init; }

    /// <summary>AditTlsClientCRL: what they have revoked; null where that is not asked.</summary>
    public string? AditTlsClientCrl { get; init; }

    /// <summary>AditTlsUser: whose certificate is whose, the first that fits.</summary>
    public ImmutableArray<CertificateUser> AditTlsUsers { get; init; } = [];
}

/// <summary>What Match blocks are asked about, and what <c>-C</c> gives.</summary>
/// <param name="User">The user's name.</param>
/// <param name="Groups">The user's groups.</param>
/// <param name="Address">Where the connection comes from.</param>
/// <param name="LocalAddress">Where it came in.</param>
/// <param name="LocalPort">Its port there.</param>
internal sealed record ConnectionSubject(string User, ImmutableArray<string> Groups, IPAddress? Address, IPAddress? LocalAddress, int LocalPort);

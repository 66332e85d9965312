using System.Collections.Immutable;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>All that is configured for one destination, resolved: no tokens are left in it but where that is said. Immutable.</summary>
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

    /// <summary>Whether a key of a file that was used is added to the agent. Default no.</summary>
    public AgentAddition AddKeysToAgent { get; init; }

    /// <summary>The user's known_hosts files; the first is written to. Default ~/.ssh/known_hosts and known_hosts2.</summary>
    public required ImmutableArray<string> UserKnownHostsFiles { get; init; }

    /// <summary>The system's known_hosts files. Default /etc/ssh/ssh_known_hosts and ssh_known_hosts2.</summary>
    public required ImmutableArray<string> GlobalKnownHostsFiles { get; init; }

    /// <summary>Default ask.</summary>
    public HostKeyChecking StrictHostKeyChecking { get; init; }

    /// <summary>Whether names are hashed when they are added to known_hosts. Default no.</summary>
    public bool HashKnownHosts { get; init; }

    /// <summary>The program that prints host keys to add to those of the files, its tokens left: <see cref="KnownHostsWords"/>; null for none.</summary>
    public Sourced<string>? KnownHostsCommand { get; init; }

    /// <summary>Files of keys that are never trusted, revocation lists or public keys. Default none.</summary>
    public ImmutableArray<string> RevokedHostKeys { get; init; } = [];

    /// <summary>Whether known_hosts follows what the server announces. Default yes with the usual files.</summary>
    public UpdateHostKeys UpdateHostKeys { get; init; }

    /// <summary>Whether the host's address is looked up in known_hosts too. Default no.</summary>
    public bool CheckHostIp { get; init; }

    /// <summary>Whether keys of loopback addresses are not checked. Default no.</summary>
    public bool NoHostAuthenticationForLocalhost { get; init; }

    /// <summary>How fingerprints are shown. Default SHA-256.</summary>
    public FingerprintHash FingerprintHash { get; init; }

    /// <summary>Whether a host key is also shown as a picture. Default no.</summary>
    public bool VisualHostKey { get; init; }

    /// <summary>
    /// Ports and sockets to listen on here, in the order of their appearance; empty when ClearAllForwardings says so. With GatewayPorts,
    /// those without a bind address have the wildcard one.
    /// </summary>
    public ImmutableArray<Sourced<ForwardSpec>> LocalForwards { get; init; } = [];

    /// <summary>
    /// What the server is to listen on, in the order of their appearance; without a target the client chooses it by SOCKS. Empty when
    /// ClearAllForwardings says so.
    /// </summary>
    public ImmutableArray<Sourced<ForwardSpec>> RemoteForwards { get; init; } = [];

    /// <summary>SOCKS listeners here, in the order of their appearance; empty when ClearAllForwardings says so.</summary>
    public ImmutableArray<Sourced<ForwardSpec>> DynamicForwards { get; init; } = [];

    /// <summary>What the clients of a remote SOCKS listener may reach; empty for nothing, null for all. Default null.</summary>
    public ImmutableArray<ForwardPermit>? PermitRemoteOpens { get; init; }

    /// <summary>The argument of -W: standard input and output go there; null for none.</summary>
    public Endpoint? StdioForward { get; init; }

    /// <summary>Whether forwards are taken away, those of the command line too. Default no, with -W yes.</summary>
    public bool ClearAllForwardings { get; init; }

    /// <summary>Permissions that a Unix socket that is listened on does not get. Default 0177 (octal).</summary>
    public int StreamLocalBindMask { get; init; } = 0x7f;

    /// <summary>Whether a file in the place of a Unix socket is removed first. Default no.</summary>
    public bool StreamLocalBindUnlink { get; init; }

    /// <summary>How long channels of a type may be silent; the first that fits counts. Default none.</summary>
    public ImmutableArray<ChannelTimeout> ChannelTimeouts { get; init; } = [];

    /// <summary>Whether a connection that broke is made anew (AditReconnect). Default yes without a session and -W, else no.</summary>
    public bool Reconnect { get; init; }

    /// <summary>How long new connections wait for a link that is down (AditReconnectWait). Default 15 s.</summary>
    public TimeSpan ReconnectWait { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After how long without a connection a tunnel ends (AditIdleTimeout); null for never. Default null.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>How long a tunnel lives (AditLifetime); null for as long as it may. Default null.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>Who may use local forwards (AditAdmit), wherever they listen; null for the user alone, and anyone where other machines reach it.</summary>
    public Sourced<AdmissionRule>? Admit { get; init; }

    /// <summary>How many connections each forward carries at once (AditMaxConnections). Default 16,384.</summary>
    public int MaxConnections { get; init; } = ForwardOptions.ConnectionCap;

    /// <summary>Whether what local forwards lead to has to be PostgreSQL (AditExpect); null for what fits the use. Default null.</summary>
    public bool? ExpectPostgres { get; init; }

    /// <summary>The SHA-256 of the certificate that it has to show (AditExpectCert), in hexadecimal; null for any or none. Default null.</summary>
    public string? ExpectCert { get; init; }

    /// <summary>That what local forwards lead to is spoken to in TLS (AditTargetTls); null for as the client does it. Default null.</summary>
    public TargetTls? TargetTls { get; init; }

    /// <summary>The file of authorities for it (AditTargetTlsRoot), <c>system</c> for the system's; null for ~/.postgresql/root.crt. Default null.</summary>
    public string? TargetTlsRoot { get; init; }

    /// <summary>The file of the own certificate for it (AditTargetTlsCert); null for ~/.postgresql/postgresql.crt where there is one. Default null.</summary>
    public string? TargetTlsCert { get; init; }

    /// <summary>The file of its key (AditTargetTlsKey); null for ~/.postgresql/postgresql.key, or the file of the certificate. Default null.</summary>
    public string? TargetTlsKey { get; init; }

    /// <summary>The TLS server that the server is reached in (AditViaTls); null for none. Default null.</summary>
    public Endpoint? ViaTls { get; init; }

    /// <summary>The file of authorities for it (AditViaTlsRoot); null for the system's. Default null.</summary>
    public string? ViaTlsRoot { get; init; }

    /// <summary>The proxy that the server is reached over (AditProxy); null for none. Default null.</summary>
    public ProxyAddress? Proxy { get; init; }

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

    /// <summary>The interface whose address to connect from. Default any.</summary>
    public string? BindInterface { get; init; }

    /// <summary>The hosts on the way, nearest first; empty for none. Never together with <see cref="ProxyCommand"/>.</summary>
    public ImmutableArray<JumpHost> Jumps { get; init; } = [];

    /// <summary>The shell command whose input and output are the connection, its tokens replaced; null for none.</summary>
    public string? ProxyCommand { get; init; }

    /// <summary>How packets are marked.</summary>
    public IpQos IpQos { get; init; } = IpQos.Default;

    /// <summary>What our identification says behind the version; null for nothing.</summary>
    public string? VersionAddendum { get; init; }

    /// <summary>Whether the user is told of key exchanges that a quantum computer could undo. Default yes.</summary>
    public bool WarnWeakCrypto { get; init; } = true;

    /// <summary>Whether this connection is shared. Default no.</summary>
    public ControlMaster ControlMaster { get; init; }

    /// <summary>The socket by which it is; null for none.</summary>
    public string? ControlPath { get; init; }

    /// <summary>How long a master outlives its last user: null for not at all, infinite for until it is ended. Default null.</summary>
    public TimeSpan? ControlPersist { get; init; }

    /// <summary>KexAlgorithms, HostKeyAlgorithms, Ciphers and MACs. Default: all that are served.</summary>
    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    /// <summary>Whether KexAlgorithms was written; where it was, nobody is warned of what was chosen.</summary>
    public bool KexAlgorithmsChosen { get; init; }

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

    /// <summary>What runs on the server: the command behind the destination or RemoteCommand, or the subsystem's name; null for a shell.</summary>
    public string? Command { get; init; }

    /// <summary>Whether a session has a terminal. Default auto.</summary>
    public RequestTty RequestTty { get; init; }

    /// <summary>Whether nothing is read from standard input. Default no.</summary>
    public bool StdinNull { get; init; }

    /// <summary>Whether the command goes to the background once it is logged in. Default no.</summary>
    public bool ForkAfterAuthentication { get; init; }

    /// <summary>The character that begins an escape after a newline; null for none. Default ~.</summary>
    public char? EscapeChar { get; init; } = '~';

    /// <summary>Whether the escape C opens a command line. Default no.</summary>
    public bool EnableEscapeCommandline { get; init; }

    /// <summary>Patterns of variables of the environment that are sent to the server.</summary>
    public ImmutableArray<string> SendEnv { get; init; } = [];

    /// <summary>Variables that are sent to the server.</summary>
    public ImmutableArray<KeyValuePair<string, string>> SetEnv { get; init; } = [];

    /// <summary>The shell command to run here after the login, its tokens replaced; null for none, and where PermitLocalCommand says no.</summary>
    public string? LocalCommand { get; init; }

    /// <summary>Whether LocalCommand, and ! on the escape's command line, may run something here. Default no.</summary>
    public bool PermitLocalCommand { get; init; }

    /// <summary>The facility for -y. Default USER.</summary>
    public string SyslogFacility { get; init; } = "USER";

    /// <summary>What Match tagged compares; null for none.</summary>
    public string? Tag { get; init; }

    /// <summary>The tokens of this connection, for values that are replaced later.</summary>
    public required Tokens Tokens { get; init; }

    /// <summary>What was written, before defaults and tokens: what -G shows of it.</summary>
    public required HostSettings Written { get; init; }

    /// <summary>What the user should be told and change, each with its place.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>What was configured and has no effect, each named once with its place.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Configuration files that were read, in order.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>The words of <see cref="KnownHostsCommand"/> for one question; the first is the program. Empty without such a command.</summary>
    /// <param name="token">The tokens of the question (%H, %I, %t, %f, %K); null for another one.</param>
    /// <exception cref="ConfigException">A token or variable is unknown.</exception>
    public IReadOnlyList<string> KnownHostsWords(Func<char, string?> token)
    {
        if (KnownHostsCommand is not (var command, var source))
            return [];
        return [.. ConfigLine.Split(command, source, hasComment: false).Select((word, at) => at == 0 ? word : Tokens.ExpandAll(word, source, token))];
    }
}

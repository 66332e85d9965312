using System.Collections.Immutable;
using System.Security.Authentication;
using Adit.Relay;

namespace Adit.Stunnel;

/// <summary>One service: a section, or all of a file in inetd mode. Immutable.</summary>
internal sealed record StunnelService
{
    /// <summary>The section's name, or that of the program in inetd mode.</summary>
    internal string Name { get; init; } = "stunnel";

    /// <summary>Where the section begins.</summary>
    internal ConfigPlace Place { get; init; }

    /// <summary>Whether the client is on standard input and output instead of <see cref="Accept"/>.</summary>
    internal bool IsInetd { get; init; }

    /// <summary>Whether TLS is spoken to the target; otherwise to those who connect.</summary>
    internal bool IsClient { get; init; }

    // Ends.

    /// <summary>Where to listen. A port alone is loopback of both families for a client, all addresses of both families for a server.</summary>
    internal ImmutableArray<ListenSpec> Accept { get; init; } = [];

    /// <summary>Where to connect to. A port alone is <c>localhost</c>.</summary>
    internal ImmutableArray<Endpoint> Connect { get; init; } = [];

    /// <summary>Which of the targets comes first. As in stunnel, <see cref="Delay"/> makes it their order.</summary>
    internal StunnelFailover Failover { get; init; }

    /// <summary>Whether names of targets are looked up for each connection.</summary>
    internal bool Delay { get; init; }

    /// <summary>How long to wait before a service that connects a program to a target does so again; null for never.</summary>
    internal TimeSpan? Retry { get; init; }

    /// <summary>The program that is one end; null for none.</summary>
    internal string? Exec { get; init; }

    /// <summary>The arguments of the program, its own name first.</summary>
    internal ImmutableArray<string> ExecArgs { get; init; } = [];

    /// <summary>Whether the program gets a terminal.</summary>
    internal bool Pty { get; init; }

    /// <summary>The address of this machine that connections to targets come from, or its name; null for the system's choice.</summary>
    internal string? Local { get; init; }

    /// <summary>Where clients go whose certificate is not accepted.</summary>
    internal ImmutableArray<Endpoint> Redirect { get; init; } = [];

    /// <summary>Whether failures are told to the other end by resetting its connection.</summary>
    internal bool Reset { get; init; } = true;

    // Protocol.

    /// <summary>What is said before TLS begins.</summary>
    internal StunnelProtocol Protocol { get; init; }

    /// <summary>As it was written: host and port with <c>connect</c>, what follows EHLO with <c>smtp</c>.</summary>
    internal string? ProtocolHost { get; init; }

    /// <summary>Where the proxy is to connect to, with <c>connect</c>.</summary>
    internal Endpoint? ProtocolTarget { get; init; }

    /// <summary>The user's name.</summary>
    internal string? ProtocolUsername { get; init; }

    /// <summary>The user's password.</summary>
    internal string? ProtocolPassword { get; init; }

    /// <summary>A line for the head of the request to a proxy.</summary>
    internal string? ProtocolHeader { get; init; }

    /// <summary>How the user proves who it is.</summary>
    internal StunnelAuthentication ProtocolAuthentication { get; init; }

    // Own credentials.

    /// <summary>The file with the own certificate and those above it, PEM or P12; servers have one.</summary>
    internal string? Certificate { get; init; }

    /// <summary>The file with its key: that of the certificate unless said otherwise.</summary>
    internal string? Key { get; init; }

    // Verification of the peer.

    /// <summary>The file with the certificates that are trusted.</summary>
    internal string? CaFile { get; init; }

    /// <summary>The folder with the certificates that are trusted, named by hash.</summary>
    internal string? CaPath { get; init; }

    /// <summary>The file with revocation lists.</summary>
    internal string? CrlFile { get; init; }

    /// <summary>The folder with revocation lists, named by hash.</summary>
    internal string? CrlPath { get; init; }

    /// <summary>Whether the peer's certificate has to lead to one that is trusted.</summary>
    internal bool VerifyChain { get; init; }

    /// <summary>Whether the peer's certificate itself has to be among those that are trusted.</summary>
    internal bool VerifyPeer { get; init; }

    /// <summary>Servers: whether clients are asked for a certificate.</summary>
    internal bool RequestCert { get; init; }

    /// <summary>Servers: whether clients without a certificate are refused.</summary>
    internal bool RequireCert { get; init; }

    /// <summary>Names of which the peer's certificate has to have one. With the next two: any one of all will do.</summary>
    internal ImmutableArray<string> CheckHosts { get; init; } = [];

    /// <summary>Addresses of which the peer's certificate has to have one.</summary>
    internal ImmutableArray<System.Net.IPAddress> CheckIps { get; init; } = [];

    /// <summary>E-mail addresses of which the peer's certificate has to have one.</summary>
    internal ImmutableArray<string> CheckEmails { get; init; } = [];

    /// <summary>The OCSP responder to ask about the peer's certificate; null for none.</summary>
    internal Uri? OcspResponder { get; init; }

    /// <summary>Whether the responders are asked that certificates name.</summary>
    internal bool OcspFromCertificate { get; init; }

    /// <summary>Whether a nonce is sent to the responder and has to come back.</summary>
    internal bool OcspNonce { get; init; }

    /// <summary>Whether no answer of a responder refuses the peer.</summary>
    internal bool OcspRequire { get; init; } = true;

    /// <summary>Adit's own word: whether a client may do without verifying the server.</summary>
    internal bool AllowsInsecure { get; init; }

    /// <summary>Whether the peer's certificate is compared with anything.</summary>
    internal bool IsVerified => VerifyChain || VerifyPeer;

    /// <summary>Whether this is a client that speaks with any server whatever. A person has to be told.</summary>
    internal bool IsInsecure => IsClient && !IsVerified;

    // TLS.

    /// <summary>The oldest version.</summary>
    internal SslProtocols MinVersion { get; init; } = SslProtocols.Tls12;

    /// <summary>The newest version.</summary>
    internal SslProtocols MaxVersion { get; init; } = SslProtocols.Tls13;

    /// <summary>Versions that <c>options</c> takes away; <see cref="MinVersion"/> and <see cref="MaxVersion"/> of a finished service heed it.</summary>
    internal SslProtocols ExcludedVersions { get; init; }

    /// <summary>Ciphers of TLS 1.2 in OpenSSL's words; null for the usual ones.</summary>
    internal string? Ciphers { get; init; }

    /// <summary>Ciphers of TLS 1.3, the preferred first; empty for the usual ones.</summary>
    internal ImmutableArray<string> CipherSuites { get; init; } = [];

    /// <summary>What was said by <c>sni</c>, which means another thing to each role; see the next two.</summary>
    internal ImmutableArray<string> Sni { get; init; } = [];

    /// <summary>Clients: the name sent to the server; null for none.</summary>
    internal string? ServerName { get; init; }

    /// <summary>Servers: for which names of which other services this one takes over.</summary>
    internal ImmutableArray<VirtualHost> VirtualHosts { get; init; } = [];

    /// <summary>Adit's own word: the protocols offered by ALPN, the preferred first.</summary>
    internal ImmutableArray<string> Alpn { get; init; } = [];

    /// <summary>Whether sessions are resumed.</summary>
    internal bool SessionResume { get; init; } = true;

    // Limits.

    /// <summary>How long expected data are waited for.</summary>
    internal TimeSpan TimeoutBusy { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long the peer's goodbye is waited for; zero for not at all.</summary>
    internal TimeSpan TimeoutClose { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long one connection attempt may take.</summary>
    internal TimeSpan TimeoutConnect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long nothing may move.</summary>
    internal TimeSpan TimeoutIdle { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How long an OCSP responder may take to be reached and to answer.</summary>
    internal TimeSpan TimeoutOcsp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What is logged at most of this service; null for what holds for the process.</summary>
    internal SyslogLevel? Debug { get; init; }

    // Adit's own words.

    /// <summary>Who may use the local end; null for the usual rule.</summary>
    internal AdmissionRule? Admit { get; init; }

    /// <summary>Most connections at a time; null for the usual limit.</summary>
    internal int? MaxConnections { get; init; }

    /// <summary>Servers of <c>protocol = pgsql</c>: whether clients that want no TLS are served too.</summary>
    internal bool AllowsPlaintext { get; init; }

    /// <summary>The section as people find it. No values: one of them is a password.</summary>
    public override string ToString() => $"[{Name}]";
}

/// <summary>A name by which a client chooses one service among those behind one port.</summary>
/// <param name="Primary">The service that accepts the connection.</param>
/// <param name="Pattern">The name asked for; a <c>*</c> in front stands for anything.</param>
internal sealed record VirtualHost(string Primary, string Pattern);

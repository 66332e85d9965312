using System.Net.Sockets;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>
/// A keyword of ssh_config(5): one line in this table says what becomes of it. <see cref="Apply"/> is null for keywords that select lines
/// and not values.
/// </summary>
internal sealed record Keyword(string Name, Action<HostSettings, ConfigLine>? Apply)
{
    private static readonly IReadOnlyList<string> SignatureAlgorithms = AlgorithmPreferences.Default.HostKeys;

    private static readonly Keyword[] Table =
    [
        .. Selecting("Host", "Match", "Include", "IgnoreUnknown"),

        // Where and as whom.
        new("HostName", static (s, l) => s.HostName ??= l.Single()),
        new("User", static (s, l) => s.User ??= l.Single()),
        new("Port", static (s, l) => s.Port ??= l.Number(1, ushort.MaxValue)),
        new("HostKeyAlias", static (s, l) => s.HostKeyAlias ??= l.Single()),
        new("AddressFamily", static (s, l) => s.AddressFamily ??= l.Choice(
            ("any", AddressFamily.Unspecified), ("inet", AddressFamily.InterNetwork), ("inet6", AddressFamily.InterNetworkV6))),
        new("BindAddress", static (s, l) => s.BindAddress ??= l.Single()),
        new("ConnectTimeout", static (s, l) => s.ConnectTimeout ??= l.Time()),
        new("ConnectionAttempts", static (s, l) => s.ConnectionAttempts ??= l.Number(1, 1000)),
        new("TCPKeepAlive", static (s, l) => s.TcpKeepAlive ??= l.YesNo()),
        new("ServerAliveInterval", static (s, l) => s.ServerAliveInterval ??= l.Time()),
        new("ServerAliveCountMax", static (s, l) => s.ServerAliveCountMax ??= l.Number(1, 1_000_000)),
        new("RekeyLimit", static (s, l) => s.RekeyLimit ??= RekeyLimitValue.Read(l)),

        // The server's identity.
        new("StrictHostKeyChecking", static (s, l) => s.StrictHostKeyChecking ??= l.Choice(
            ("ask", StrictHostKeyChecking.Ask), ("yes", StrictHostKeyChecking.Yes), ("accept-new", StrictHostKeyChecking.AcceptNew),
            ("no", StrictHostKeyChecking.No), ("off", StrictHostKeyChecking.No))),
        new("UserKnownHostsFile", static (s, l) => s.UserKnownHostsFiles ??= [.. l.Arguments]),
        new("GlobalKnownHostsFile", static (s, l) => s.GlobalKnownHostsFiles ??= [.. l.Arguments]),
        new("HashKnownHosts", static (s, l) => s.HashKnownHosts ??= l.YesNo()),

        // The user's identity.
        new("IdentityFile", static (s, l) => s.IdentityFiles.Add(new(l.Single(), l.Place))),
        new("CertificateFile", static (s, l) => s.CertificateFiles.Add(new(l.Single(), l.Place))),
        new("IdentitiesOnly", static (s, l) => s.IdentitiesOnly ??= l.YesNo()),
        new("IdentityAgent", static (s, l) => s.IdentityAgent ??= l.Single()),
        new("PreferredAuthentications", static (s, l) => s.PreferredAuthentications ??= l.Single().Split(',', StringSplitOptions.RemoveEmptyEntries)),
        new("PubkeyAuthentication", static (s, l) => s.PubkeyAuthentication ??= l.Choice(
            ("yes", true), ("no", false), ("unbound", true), ("host-bound", true))),
        new("PasswordAuthentication", static (s, l) => s.PasswordAuthentication ??= l.YesNo()),
        new("KbdInteractiveAuthentication", static (s, l) => s.KbdInteractiveAuthentication ??= l.YesNo()),
        new("ChallengeResponseAuthentication", static (s, l) => s.KbdInteractiveAuthentication ??= l.YesNo()),
        new("BatchMode", static (s, l) => s.BatchMode ??= l.YesNo()),
        new("NumberOfPasswordPrompts", static (s, l) => s.NumberOfPasswordPrompts ??= l.Number(1, 100)),

        // Algorithms.
        new("Ciphers", static (s, l) => s.Ciphers ??= AlgorithmList.Read(l, AlgorithmPreferences.Default.Ciphers)),
        new("MACs", static (s, l) => s.Macs ??= AlgorithmList.Read(l, AlgorithmPreferences.Default.Macs)),
        new("KexAlgorithms", static (s, l) => s.KexAlgorithms ??= AlgorithmList.Read(l, AlgorithmPreferences.Default.Kex)),
        new("HostKeyAlgorithms", static (s, l) => s.HostKeyAlgorithms ??= AlgorithmList.Read(l, SignatureAlgorithms)),
        new("PubkeyAcceptedAlgorithms", static (s, l) => s.PubkeyAcceptedAlgorithms ??= AlgorithmList.Read(l, SignatureAlgorithms)),
        new("PubkeyAcceptedKeyTypes", static (s, l) => s.PubkeyAcceptedAlgorithms ??= AlgorithmList.Read(l, SignatureAlgorithms)),

        // Forwards.
        new("LocalForward", static (s, l) => s.LocalForwards.Add(new(ReadForward(l), l.Place))),
        new("ExitOnForwardFailure", static (s, l) => s.ExitOnForwardFailure ??= l.YesNo()),
        new("ClearAllForwardings", static (s, l) => s.ClearAllForwardings ??= l.YesNo()),
        new("GatewayPorts", static (s, l) => s.GatewayPorts ??= l.YesNo()),
        new("LogLevel", static (s, l) => s.LogLevel ??= l.Choice(
            [.. new[] { "QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3" }.Select(static level => (level, level))])),
        new("SessionType", static (s, l) => _ = l.Choice(("none", 0), ("default", 0), ("subsystem", 0))),

        // To pass these over changes nothing for a tunnel, or errs on the safe side.
        .. Ignored(
            "AddKeysToAgent", "CanonicalDomains", "CanonicalizeFallbackLocal", "CanonicalizeMaxDots", "CanonicalizePermittedCNAMEs",
            "CASignatureAlgorithms", "ChannelTimeout", "CheckHostIP", "Compression", "CompressionLevel", "ControlMaster", "ControlPath",
            "ControlPersist", "EnableEscapeCommandline", "EnableSSHKeysign", "EscapeChar", "FingerprintHash", "ForkAfterAuthentication",
            "ForwardAgent", "ForwardX11", "ForwardX11Timeout", "ForwardX11Trusted", "GSSAPIAuthentication", "GSSAPIDelegateCredentials",
            "HostbasedAcceptedAlgorithms", "HostbasedAuthentication", "HostbasedKeyTypes", "IPQoS", "KeepAlive", "LocalCommand", "LogVerbose",
            "NoHostAuthenticationForLocalhost", "ObscureKeystrokeTiming", "PermitLocalCommand", "PermitRemoteOpen", "PKCS11Provider", "Protocol",
            "ProxyUseFdpass", "RemoteCommand", "RequestTTY", "SecurityKeyProvider", "SendEnv", "SetEnv", "StdinNull", "StreamLocalBindMask",
            "StreamLocalBindUnlink", "SyslogFacility", "Tag", "Tunnel", "TunnelDevice", "UpdateHostKeys", "UseKeychain", "UsePrivilegedPort",
            "UserKnownHostsFile2", "GlobalKnownHostsFile2", "VerifyHostKeyDNS", "VersionAddendum", "VisualHostKey", "WarnWeakCrypto", "XAuthLocation"),

        // To pass these over would weaken security, or lead somewhere else.
        .. Refused("BindInterface", "KnownHostsCommand", "ProxyCommand", "ProxyJump", "RefuseConnection", "RequiredRSASize", "RevokedHostKeys"),
        .. Refused("CanonicalizeHostname", "DynamicForward", "RemoteForward"),
    ];

    private static readonly Dictionary<string, Keyword> ByName = Table.ToDictionary(static keyword => keyword.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The keyword of a line. Null when there is none of that name.</summary>
    public static Keyword? Named(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The keyword that was probably meant.</summary>
    public static string Nearest(string name) => Spelling.Nearest(name, Table.Select(static keyword => keyword.Name));

    private static IEnumerable<Keyword> Selecting(params IEnumerable<string> names) => names.Select(static name => new Keyword(name, null));

    private static IEnumerable<Keyword> Ignored(params IEnumerable<string> names) =>
        names.Select(static name => new Keyword(name, (settings, _) => settings.Ignored.Add(name)));

    // "none" and "no" ask for what happens anyway.
    private static IEnumerable<Keyword> Refused(params IEnumerable<string> names) => names.Select(static name => new Keyword(name, (_, line) =>
    {
        if (line.Arguments is not ["none" or "no"])
            throw line.Error("this version does not serve it, and to ignore it would not be safe");
    }));

    private static ForwardSpec ReadForward(ConfigLine line)
    {
        try
        {
            return line.Arguments switch
            {
                [var listen, var target] => ForwardSpec.ParseLocal(listen, target),
                [var both] => ForwardSpec.ParseLocal(both),
                _ => throw line.Error("expected [bind_address:]port host:hostport"),
            };
        }
        catch (FormatException e)
        {
            throw line.Error(e.Message);
        }
    }
}

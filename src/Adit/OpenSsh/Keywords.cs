using Adit.Relay;
using static Adit.OpenSsh.HostKeyword;
using static Adit.OpenSsh.Keyword<Adit.OpenSsh.HostSettings>;

namespace Adit.OpenSsh;

/// <summary>All keywords of ssh_config(5), one line each. Host, Match and Include, which structure the file, belong to <see cref="ConfigReader"/>.</summary>
internal static class Keywords
{
    private const string NoCompression = "nothing is compressed";
    private const string NoGssapi = "there is no login by Kerberos";
    private const string NoHostbased = "there is no login by the host's key";
    private const string NoTokens = "keys of tokens are used by way of the agent alone";
    private const string NoX11 = "X11 is not forwarded";
    private const string Outdated = "it has no meaning in SSH-2, or none any more";

    private static readonly Keyword<HostSettings>[] All =
    [
        // Served: where and how to connect.
        One("AddressFamily", KeywordValue.AddressFamily, s => s.AddressFamily),
        One("BindAddress", KeywordValue.Address, s => s.BindAddress),
        One("BindInterface", KeywordValue.Text, s => s.BindInterface),
        One("CanonicalDomains", HostValue.Domains, s => s.CanonicalDomains),
        One("CanonicalizeFallbackLocal", KeywordValue.YesNo, s => s.CanonicalizeFallbackLocal),
        One("CanonicalizeHostname", HostValue.CanonicalizeHostname, s => s.CanonicalizeHostname),
        One("CanonicalizeMaxDots", line => KeywordValue.Number(line, 0, int.MaxValue), s => s.CanonicalizeMaxDots),
        One("CanonicalizePermittedCNAMEs", HostValue.CanonicalNames, s => s.CanonicalizePermittedCnames),
        One("ConnectionAttempts", line => KeywordValue.Number(line, 1, int.MaxValue), s => s.ConnectionAttempts),
        One("ConnectTimeout", KeywordValue.TimeOrNone, s => s.ConnectTimeout),
        One("HostName", KeywordValue.Text, s => s.HostName),
        One("IgnoreUnknown", KeywordValue.Names, s => s.IgnoreUnknown),
        One("IPQoS", HostValue.IpQos, s => s.IpQos),
        One("Port", KeywordValue.Port, s => s.Port),
        HostKeyword.ProxyCommand,
        HostKeyword.ProxyJump,
        One("ProxyUseFdpass", KeywordValue.YesNo, s => s.ProxyUseFdpass),
        HostKeyword.RefuseConnection,
        One("RekeyLimit", KeywordValue.RekeyLimit, s => s.RekeyLimit),
        One("ServerAliveCountMax", line => KeywordValue.Number(line, 0, int.MaxValue), s => s.ServerAliveCountMax),
        One("ServerAliveInterval", line => KeywordValue.TimeOrNone(line) ?? TimeSpan.Zero, s => s.ServerAliveInterval),
        One("Tag", KeywordValue.Text, s => s.Tag),
        One("TCPKeepAlive", KeywordValue.YesNo, s => s.TcpKeepAlive),
        One("KeepAlive", KeywordValue.YesNo, s => s.TcpKeepAlive),
        One("User", KeywordValue.Text, s => s.User),
        One("VersionAddendum", HostValue.VersionAddendum, s => s.VersionAddendum),

        // Served: which host keys are trusted.
        One("CASignatureAlgorithms", KeywordValue.Algorithms, s => s.CaSignatureAlgorithms),
        One("CheckHostIP", KeywordValue.YesNo, s => s.CheckHostIp),
        One("FingerprintHash", HostValue.FingerprintHash, s => s.FingerprintHash),
        One("GlobalKnownHostsFile", KeywordValue.Texts, s => s.GlobalKnownHostsFiles),
        One("HashKnownHosts", KeywordValue.YesNo, s => s.HashKnownHosts),
        One("HostKeyAlgorithms", KeywordValue.Algorithms, s => s.HostKeyAlgorithms),
        One("HostKeyAlias", KeywordValue.Text, s => s.HostKeyAlias),
        One("KnownHostsCommand", KeywordValue.CommandOrNone, s => s.KnownHostsCommand),
        One("NoHostAuthenticationForLocalhost", KeywordValue.YesNo, s => s.NoHostAuthenticationForLocalhost),
        One("RevokedHostKeys", KeywordValue.Texts, s => s.RevokedHostKeys),
        One("StrictHostKeyChecking", KeywordValue.HostKeyChecking, s => s.StrictHostKeyChecking),
        One("UpdateHostKeys", HostValue.UpdateHostKeys, s => s.UpdateHostKeys),
        One("UserKnownHostsFile", KeywordValue.Texts, s => s.UserKnownHostsFiles),
        One("VisualHostKey", KeywordValue.YesNo, s => s.VisualHostKey),

        // Served: who logs in.
        One("AddKeysToAgent", HostValue.AgentAddition, s => s.AddKeysToAgent),
        One("BatchMode", KeywordValue.YesNo, s => s.BatchMode),
        Many("CertificateFile", KeywordValue.Text, s => s.CertificateFiles),
        One("ChallengeResponseAuthentication", KeywordValue.YesNo, s => s.KbdInteractiveAuthentication),
        One("DSAAuthentication", HostValue.PubkeyAuthentication, s => s.PubkeyAuthentication),
        One("IdentitiesOnly", KeywordValue.YesNo, s => s.IdentitiesOnly),
        One("IdentityAgent", KeywordValue.Text, s => s.IdentityAgent),
        Many("IdentityFile", KeywordValue.Text, s => s.IdentityFiles),
        Many("IdentityFile2", KeywordValue.Text, s => s.IdentityFiles),
        One("KbdInteractiveAuthentication", KeywordValue.YesNo, s => s.KbdInteractiveAuthentication),
        One("NumberOfPasswordPrompts", line => KeywordValue.Number(line, 0, 1000), s => s.NumberOfPasswordPrompts),
        One("PasswordAuthentication", KeywordValue.YesNo, s => s.PasswordAuthentication),
        One("PreferredAuthentications", KeywordValue.Names, s => s.PreferredAuthentications),
        One("PubkeyAcceptedAlgorithms", KeywordValue.Algorithms, s => s.PubkeyAcceptedAlgorithms),
        One("PubkeyAcceptedKeyTypes", KeywordValue.Algorithms, s => s.PubkeyAcceptedAlgorithms),
        One("PubkeyAuthentication", HostValue.PubkeyAuthentication, s => s.PubkeyAuthentication),
        One("RequiredRSASize", line => KeywordValue.Number(line, 1024, 16384), s => s.RequiredRsaSize),
        One("SKeyAuthentication", KeywordValue.YesNo, s => s.KbdInteractiveAuthentication),
        One("TISAuthentication", KeywordValue.YesNo, s => s.KbdInteractiveAuthentication),

        // Served: how the connection is protected.
        One("Ciphers", KeywordValue.Algorithms, s => s.Ciphers),
        One("KexAlgorithms", KeywordValue.Algorithms, s => s.KexAlgorithms),
        One("MACs", KeywordValue.Algorithms, s => s.Macs),
        One("WarnWeakCrypto", HostValue.WarnWeakCrypto, s => s.WarnWeakCrypto),

        // Served: tunnels.
        One("ChannelTimeout", KeywordValue.ChannelTimeouts, s => s.ChannelTimeouts),
        One("ClearAllForwardings", KeywordValue.YesNo, s => s.ClearAllForwardings),
        HostKeyword.Forward("DynamicForward", ForwardSpec.ParseDynamic, s => s.DynamicForwards, alone: true),
        One("ExitOnForwardFailure", KeywordValue.YesNo, s => s.ExitOnForwardFailure),
        One("GatewayPorts", KeywordValue.YesNo, s => s.GatewayPorts),
        HostKeyword.Forward("LocalForward", ForwardSpec.ParseLocal, s => s.LocalForwards),
        One("PermitRemoteOpen", HostValue.RemoteOpens, s => s.PermitRemoteOpen),
        HostKeyword.Forward("RemoteForward", ForwardSpec.ParseRemote, s => s.RemoteForwards, alone: true),
        One("StreamLocalBindMask", KeywordValue.Mask, s => s.StreamLocalBindMask),
        One("StreamLocalBindUnlink", KeywordValue.YesNo, s => s.StreamLocalBindUnlink),
        One("AditAdmit", HostValue.Admit, s => s.Admit),
        One("AditExpect", HostValue.ExpectPostgres, s => s.ExpectPostgres),
        One("AditExpectCert", HostValue.CertificateFingerprint, s => s.ExpectCert),
        One("AditIdleTimeout", KeywordValue.TimeOrNone, s => s.IdleTimeout),
        One("AditLifetime", KeywordValue.TimeOrNone, s => s.Lifetime),
        One("AditMaxConnections", line => KeywordValue.Number(line, 1, ForwardOptions.ConnectionCap), s => s.MaxConnections),
        One("AditTargetTls", TlsValue.Target, s => s.TargetTls),
        One("AditTargetTlsRoot", HostValue.TextOrNone, s => s.TargetTlsRoot),
        One("AditTargetTlsCert", HostValue.TextOrNone, s => s.TargetTlsCert),
        One("AditTargetTlsKey", HostValue.TextOrNone, s => s.TargetTlsKey),
        One("AditViaTls", TlsValue.Via, s => s.ViaTls),
        One("AditViaTlsRoot", HostValue.TextOrNone, s => s.ViaTlsRoot),
        One("AditProxy", TlsValue.Proxy, s => s.Proxy),
        One("AditReconnect", KeywordValue.YesNo, s => s.Reconnect),
        One("AditReconnectWait", line => KeywordValue.TimeOrNone(line) ?? TimeSpan.Zero, s => s.ReconnectWait),

        // Served: sessions, and connections that are shared.
        One("ControlMaster", HostValue.ControlMaster, s => s.ControlMaster),
        One("ControlPath", HostValue.TextOrNone, s => s.ControlPath),
        One("ControlPersist", HostValue.ControlPersist, s => s.ControlPersist),
        One("EnableEscapeCommandline", KeywordValue.YesNo, s => s.EnableEscapeCommandline),
        One("EscapeChar", HostValue.EscapeChar, s => s.EscapeChar),
        One("ForkAfterAuthentication", KeywordValue.YesNo, s => s.ForkAfterAuthentication),
        One("LocalCommand", KeywordValue.CommandOrNone, s => s.LocalCommand),
        One("LogLevel", KeywordValue.LogLevel, s => s.LogLevel),
        One("PermitLocalCommand", KeywordValue.YesNo, s => s.PermitLocalCommand),
        One("RemoteCommand", KeywordValue.CommandOrNone, s => s.RemoteCommand),
        One("RequestTTY", HostValue.RequestTty, s => s.RequestTty),
        HostKeyword.SendEnv,
        One("SessionType", KeywordValue.SessionType, s => s.SessionType),
        One("SetEnv", HostValue.SetEnv, s => s.SetEnv),
        One("StdinNull", KeywordValue.YesNo, s => s.StdinNull),
        One("SyslogFacility", HostValue.SyslogFacility, s => s.SyslogFacility),

        Refused("Tunnel", harmless: "no|false", "there are no tunnels of the network's layers; forward ports instead"),
        Refused("VerifyHostKeyDNS", harmless: "no|false", "keys from DNS are not looked up; use known_hosts or a host certificate"),

        Ignored("Compression", NoCompression),
        Ignored("CompressionLevel", NoCompression),
        Ignored("EnableSSHKeysign", NoHostbased),
        Ignored("ForwardAgent", "the agent stays here"),
        Ignored("ForwardX11", NoX11),
        Ignored("ForwardX11Timeout", NoX11),
        Ignored("ForwardX11Trusted", NoX11),
        Ignored("GSSAPIAuthentication", NoGssapi),
        Ignored("GSSAPIClientIdentity", NoGssapi),
        Ignored("GSSAPIDelegateCredentials", NoGssapi),
        Ignored("GSSAPIKexAlgorithms", NoGssapi),
        Ignored("GSSAPIKeyExchange", NoGssapi),
        Ignored("GSSAPIRenewalForcesRekey", NoGssapi),
        Ignored("GSSAPIServerIdentity", NoGssapi),
        Ignored("GSSAPITrustDns", NoGssapi),
        Ignored("HostbasedAcceptedAlgorithms", NoHostbased),
        Ignored("HostbasedAuthentication", NoHostbased),
        Ignored("HostbasedKeyTypes", NoHostbased),
        Ignored("KbdInteractiveDevices", "the server chooses the device"),
        Ignored("LogVerbose", "it names places in OpenSSH's sources; -v tells every step"),
        Ignored("ObscureKeystrokeTiming", "keystrokes are sent as they come"),
        Ignored("PKCS11Provider", NoTokens),
        Ignored("SecurityKeyProvider", NoTokens),
        Ignored("SmartcardDevice", NoTokens),
        Ignored("TunnelDevice", "there are no tunnels of the network's layers"),
        Ignored("UseKeychain", "it is macOS's"),
        Ignored("XAuthLocation", NoX11),

        Ignored("AFSTokenPassing", Outdated),
        Ignored("Cipher", Outdated),
        Ignored("FallBackToRsh", Outdated),
        Ignored("GlobalKnownHostsFile2", Outdated),
        Ignored("KerberosAuthentication", Outdated),
        Ignored("KerberosTgtPassing", Outdated),
        Ignored("Protocol", Outdated),
        Ignored("RhostsAuthentication", Outdated),
        Ignored("RhostsRSAAuthentication", Outdated),
        Ignored("RSAAuthentication", Outdated),
        Ignored("UsePrivilegedPort", Outdated),
        Ignored("UseRoaming", Outdated),
        Ignored("UserKnownHostsFile2", Outdated),
        Ignored("UseRsh", Outdated),
    ];

    private static readonly Dictionary<string, Keyword<HostSettings>> ByName =
        All.ToDictionary(keyword => keyword.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>All, without those of the structure.</summary>
    internal static IReadOnlyList<Keyword<HostSettings>> Table => All;

    /// <summary>The names, those of the structure included.</summary>
    internal static IEnumerable<string> Names => All.Select(keyword => keyword.Name).Concat(["Host", "Match", "Include"]);

    /// <summary>The keyword of a name in any case; null for an unknown one.</summary>
    internal static Keyword<HostSettings>? Find(string name) => ByName.GetValueOrDefault(name);
}

using Adit.OpenSsh;
using Adit.Ssh.Kex;
using static Adit.Gateway.Configuration.SshdKeyword;
using static Adit.OpenSsh.Keyword<Adit.Gateway.Configuration.GatewayValues>;

namespace Adit.Gateway.Configuration;

/// <summary>All keywords of sshd_config(5), one line each. Match and Include, which structure the file, belong to <see cref="SshdConfigReader"/>.</summary>
internal static class SshdKeywords
{
    private static readonly AlgorithmPreferences Served = AlgorithmPreferences.Default;

    private static readonly SshdKeyword[] All =
    [
        // The gateway as a whole.
        Global(Many("Port", KeywordValue.Port, v => v.Ports)),
        Global(Many("ListenAddress", ListenAddress.Read, v => v.ListenAddresses)),
        Global(One("AddressFamily", KeywordValue.AddressFamily, v => v.AddressFamily)),
        Global(Many("HostKey", SshdValue.PathOrNone, v => v.HostKeys)),
        Global(Many("HostDSAKey", SshdValue.PathOrNone, v => v.HostKeys)),
        Global(Many("HostCertificate", SshdValue.PathOrNone, v => v.HostCertificates)),
        Global(One("PidFile", SshdValue.PathOrNone, v => v.PidFile)),
        Anywhere(One("LogLevel", KeywordValue.LogLevel, v => v.LogLevel)),
        Global(Algorithms("Ciphers", Served.Ciphers, v => v.Ciphers)),
        Global(Algorithms("KexAlgorithms", Served.Kex, v => v.KexAlgorithms)),
        Global(Algorithms("MACs", Served.Macs, v => v.Macs)),
        Global(Algorithms("HostKeyAlgorithms", SshdValue.KeyAlgorithms, v => v.HostKeyAlgorithms)),
        Anywhere(One("RekeyLimit", KeywordValue.RekeyLimit, v => v.RekeyLimit)),
        Global(One("LoginGraceTime", SshdValue.Duration, v => v.LoginGraceTime)),
        Global(One("MaxStartups", SshdValue.MaxStartups, v => v.MaxStartups)),
        Global(One("PerSourceMaxStartups", line => SshdValue.NumberOrNone(line, 1), v => v.PerSourceMaxStartups)),
        Global(One("PerSourceNetBlockSize", SshdValue.NetBlockSize, v => v.PerSourceNetBlockSize)),
        Global(new("PerSourcePenalties", PenaltyValues.Read)),
        Global(One("PerSourcePenaltyExemptList", line => SshdValue.Addresses(line, "none"), v => v.PerSourcePenaltyExemptList)),
        Global(One("TCPKeepAlive", SshdValue.YesOrNo, v => v.TcpKeepAlive)),
        Global(One("KeepAlive", SshdValue.YesOrNo, v => v.TcpKeepAlive)),
        Global(One("StrictModes", SshdValue.YesOrNo, v => v.StrictModes)),
        Global(One("AditUsersFile", SshdValue.PathOrNone, v => v.AditUsersFile)),
        Global(One("AditAuditLog", SshdValue.PathOrNone, v => v.AditAuditLog)),
        Global(Many("AditTlsListen", TlsListen.Read, v => v.TlsListens)),
        Global(One("AditTlsCertificate", SshdValue.PathOrNone, v => v.TlsCertificate)),
        Global(One("AditTlsKey", SshdValue.PathOrNone, v => v.TlsKey)),
        Global(One("AditTlsClientCA", SshdValue.PathOrNone, v => v.TlsClientCa)),
        Global(One("AditTlsClientCRL", SshdValue.PathOrNone, v => v.TlsClientCrl)),
        Global(Many("AditTlsUser", CertificateUser.Read, v => v.TlsUsers)),

        // Who gets in.
        Anywhere(Algorithms("PubkeyAcceptedAlgorithms", SshdValue.KeyAlgorithms, v => v.PubkeyAcceptedAlgorithms)),
        Anywhere(Algorithms("PubkeyAcceptedKeyTypes", SshdValue.KeyAlgorithms, v => v.PubkeyAcceptedAlgorithms)),
        Anywhere(Algorithms("CASignatureAlgorithms", SshdValue.CaAlgorithms, v => v.CaSignatureAlgorithms)),
        Anywhere(One("RequiredRSASize", line => KeywordValue.Number(line, 1024, 16384), v => v.RequiredRsaSize)),
        Anywhere(One("MaxAuthTries", line => KeywordValue.Number(line, 0, int.MaxValue), v => v.MaxAuthTries)),
        Anywhere(One("AuthorizedKeysFile", SshdValue.TokenPaths, v => v.AuthorizedKeysFiles)),
        Anywhere(One("AuthorizedPrincipalsFile", SshdValue.TokenPathOrNone, v => v.AuthorizedPrincipalsFile)),
        Anywhere(One("TrustedUserCAKeys", SshdValue.PathOrNone, v => v.TrustedUserCaKeys)),
        Anywhere(One("RevokedKeys", SshdValue.PathOrNone, v => v.RevokedKeys)),
        Anywhere(Each("AllowUsers", SshdValue.CheckUserPattern, v => v.AllowUsers)),
        Anywhere(Each("DenyUsers", SshdValue.CheckUserPattern, v => v.DenyUsers)),
        Anywhere(Each("AllowGroups", SshdValue.CheckNamePattern, v => v.AllowGroups)),
        Anywhere(Each("DenyGroups", SshdValue.CheckNamePattern, v => v.DenyGroups)),
        Anywhere(One("AuthenticationMethods", SshdValue.AuthenticationMethods, v => v.AuthenticationMethods)),
        Anywhere(One("PubkeyAuthentication", SshdValue.YesOrNo, v => v.PubkeyAuthentication)),
        Global(One("DSAAuthentication", SshdValue.YesOrNo, v => v.PubkeyAuthentication)),
        Anywhere(One("PasswordAuthentication", SshdValue.YesOrNo, v => v.PasswordAuthentication)),
        Anywhere(One("KbdInteractiveAuthentication", SshdValue.YesOrNo, v => v.KbdInteractiveAuthentication)),
        Anywhere(One("ChallengeResponseAuthentication", SshdValue.YesOrNo, v => v.KbdInteractiveAuthentication)),
        Anywhere(One("SKeyAuthentication", SshdValue.YesOrNo, v => v.KbdInteractiveAuthentication)),
        Anywhere(One("RefuseConnection", SshdValue.Refusal, v => v.RefuseConnection)),
        Anywhere(One("Banner", SshdValue.PathOrNone, v => v.Banner)),
        // To ignore "no" would let root in; the other values restrict what the gateway does not offer.
        Anywhere(One("PermitRootLogin", SshdValue.RootLogin, v => v.RootMayLogIn)),

        // What they may do.
        Anywhere(One("MaxSessions", line => KeywordValue.Number(line, 0, int.MaxValue), v => v.MaxSessions)),
        Anywhere(One("ClientAliveInterval", SshdValue.Duration, v => v.ClientAliveInterval)),
        Anywhere(One("ClientAliveCountMax", line => KeywordValue.Number(line, 0, int.MaxValue), v => v.ClientAliveCountMax)),
        Anywhere(One("ChannelTimeout", KeywordValue.ChannelTimeouts, v => v.ChannelTimeouts)),
        Anywhere(One("UnusedConnectionTimeout", line => KeywordValue.TimeOrNone(line) ?? TimeSpan.Zero, v => v.UnusedConnectionTimeout)),
        Anywhere(One("AllowTcpForwarding", SshdValue.Directions, v => v.AllowTcpForwarding)),
        Anywhere(One("AllowStreamLocalForwarding", SshdValue.Directions, v => v.AllowStreamLocalForwarding)),
        Anywhere(One("DisableForwarding", SshdValue.YesOrNo, v => v.DisableForwarding)),
        Anywhere(One("GatewayPorts", SshdValue.Listeners, v => v.GatewayPorts)),
        Anywhere(One("PermitOpen", ForwardRule.Open, v => v.PermitOpen)),
        Anywhere(One("PermitListen", ForwardRule.Listen, v => v.PermitListen)),
        Anywhere(new("StreamLocalBindMask", SshdValue.StreamLocalMask)),
        Anywhere(One("StreamLocalBindUnlink", SshdValue.YesOrNo, v => v.StreamLocalBindUnlink)),
        Anywhere(One("ForceCommand", KeywordValue.CommandOrNone, v => v.ForceCommand)),
        Anywhere(Each("AditPermitOpen", ForwardRule.Check, v => v.AditPermitOpen)),
        Anywhere(Each("AditPermitListen", ForwardRule.Check, v => v.AditPermitListen)),
        Anywhere(One("AditPermitFrom", line => SshdValue.Addresses(line, "any"), v => v.AditPermitFrom)),
        Anywhere(One("AditPermitExec", SshdValue.YesOrNo, v => v.AditPermitExec)),
        Anywhere(One("AditMaxConnections", line => SshdValue.NumberOrNone(line, 0), v => v.MaxConnections)),
        Anywhere(One("AditMaxChannels", line => SshdValue.NumberOrNone(line, 0), v => v.MaxChannels)),
        Anywhere(One("AditMaxListeners", line => SshdValue.NumberOrNone(line, 0), v => v.MaxListeners)),
        Anywhere(One("AditBandwidth", SshdValue.BytesOrNone, v => v.Bandwidth)),
        Anywhere(One("AditMaxBytes", SshdValue.BytesOrNone, v => v.MaxBytes)),
        Anywhere(One("AditMaxSession", KeywordValue.TimeOrNone, v => v.MaxSession)),

        Refused("AuthorizedKeysCommand", "none", "the gateway asks no command for keys"),
        Refused("AuthorizedPrincipalsCommand", "none", "the gateway asks no command for principals"),
        Refused("ChrootDirectory", "none", "the gateway opens sockets and files outside of it"),
        Refused("HostKeyAgent", "none", "the gateway reads its host keys from files", isGlobal: true),
        Refused("PermitTunnel", "no", "the gateway has no tun devices"),
        Refused("PubkeyAuthOptions", "none", "the gateway does not check what security keys assert"),
        Refused("RDomain", "none", "the gateway knows no routing domains"),
        Refused("UseDNS", "no", "the gateway decides by addresses and does not look up the names of clients", isGlobal: true),

        // Further ways in, which the gateway does not have whatever is written; its users are no accounts that PAM could know.
        Ignored("GSSAPIAuthentication"),
        Ignored("HostbasedAuthentication"),
        Ignored("KerberosAuthentication"),
        Ignored("PermitEmptyPasswords"),
        Ignored("UsePAM", isGlobal: true),

        Ignored("AcceptEnv"),
        Ignored("AFSTokenPassing", isGlobal: true),
        Ignored("AllowAgentForwarding"),
        Ignored("AuthorizedKeysCommandUser"),
        Ignored("AuthorizedKeysFile2"),
        Ignored("AuthorizedPrincipalsCommandUser"),
        Ignored("CheckMail", isGlobal: true),
        Ignored("Compression", isGlobal: true),
        Ignored("DebianBanner", isGlobal: true),
        Ignored("ExposeAuthInfo"),
        Ignored("FingerprintHash", isGlobal: true),
        Ignored("GSSAPICleanupCredentials", isGlobal: true),
        Ignored("GSSAPICleanupCreds", isGlobal: true),
        Ignored("GSSAPIDelegateCredentials", isGlobal: true),
        Ignored("GSSAPIKexAlgorithms", isGlobal: true),
        Ignored("GSSAPIKeyExchange", isGlobal: true),
        Ignored("GSSAPIStoreCredentialsOnRekey", isGlobal: true),
        Ignored("GSSAPIStrictAcceptorCheck", isGlobal: true),
        Ignored("GSSAPIUseSessionCredCache", isGlobal: true),
        Ignored("GSSUseSessionCCache", isGlobal: true),
        Ignored("HostbasedAcceptedAlgorithms"),
        Ignored("HostbasedAcceptedKeyTypes"),
        Ignored("HostbasedUsesNameFromPacketOnly"),
        Ignored("IgnoreRhosts"),
        Ignored("IgnoreUserKnownHosts", isGlobal: true),
        Ignored("IPQoS"),
        Ignored("KerberosGetAFSToken", isGlobal: true),
        Ignored("KerberosOrLocalPasswd", isGlobal: true),
        Ignored("KerberosTgtPassing", isGlobal: true),
        Ignored("KerberosTicketCleanup", isGlobal: true),
        Ignored("KeyRegenerationInterval", isGlobal: true),
        Ignored("LogVerbose"),
        Ignored("ModuliFile", isGlobal: true),
        Ignored("PAMAuthenticationViaKbdInt", isGlobal: true),
        Ignored("PAMServiceName"),
        Ignored("PermitBlacklistedKeys", isGlobal: true),
        Ignored("PermitTTY"),
        Ignored("PermitUserEnvironment", isGlobal: true),
        Ignored("PermitUserRC"),
        Ignored("PrintLastLog", isGlobal: true),
        Ignored("PrintMotd", isGlobal: true),
        Ignored("Protocol", isGlobal: true),
        Ignored("ReverseMappingCheck", isGlobal: true),
        Ignored("RhostsAuthentication", isGlobal: true),
        Ignored("RhostsRSAAuthentication"),
        Ignored("RSAAuthentication"),
        Ignored("SecurityKeyProvider", isGlobal: true),
        Ignored("ServerKeyBits", isGlobal: true),
        Ignored("SetEnv"),
        Ignored("SshdAuthPath", isGlobal: true),
        Ignored("SshdSessionPath", isGlobal: true),
        Ignored("Subsystem"),
        Ignored("SyslogFacility", isGlobal: true),
        Ignored("UseLogin", isGlobal: true),
        Ignored("UsePrivilegeSeparation", isGlobal: true),
        Ignored("VerifyReverseMapping", isGlobal: true),
        Ignored("VersionAddendum", isGlobal: true),
        Ignored("X11DisplayOffset"),
        Ignored("X11Forwarding"),
        Ignored("X11UseLocalhost"),
        Ignored("XAuthLocation", isGlobal: true),
    ];

    private static readonly Dictionary<string, SshdKeyword> ByName =
        All.ToDictionary(keyword => keyword.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<SshdKeyword> Table => All;

    /// <summary>The names, those of the structure included.</summary>
    internal static IEnumerable<string> Names => All.Select(keyword => keyword.Name).Concat(["Match", "Include"]);

    /// <summary>The keyword of a name in any case; null for an unknown one.</summary>
    internal static SshdKeyword? Find(string name) => ByName.GetValueOrDefault(name);
}

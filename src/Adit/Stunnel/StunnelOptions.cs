using static Adit.Stunnel.StunnelOption;

namespace Adit.Stunnel;

/// <summary>All options of stunnel 5.75 and Adit's own words, one line each. <c>include</c>, which names files, belongs to <see cref="StunnelFile"/>.</summary>
internal static class StunnelOptions
{
    private const string Groups = "OpenSSL chooses the groups of the key exchange, as the system is set up (openssl.cnf); all of them are strong";
    private const string Sessions = "sessions are kept as .NET keeps them; sessionResume = no ends that";
    private const string Random = "random numbers come from the system";
    private const string Tokens = "keys of tokens and other providers are not served; name files with cert, key and CAfile";
    private const string User = "adit does not change its user; start it as the one that it is to be, with User= of a systemd unit, say";
    private const string Window = "there is no window";

    private static readonly StunnelOption[] All =
    [
        // The process.
        new("debug", OptionTreatment.Served) { Process = ServiceValues.Debug, Service = ServiceValues.Debug },
        Global("foreground", (g, line) => g with
        {
            Foreground = OptionValue.Word(line, ("yes", StunnelForeground.Yes), ("quiet", StunnelForeground.Quiet), ("no", StunnelForeground.No)),
        }),
        Global("log", (g, line) => g with { OverwritesLog = OptionValue.Word(line, ("append", false), ("overwrite", true)) }),
        Global("output", (g, line) => g with { Output = OptionValue.TextOrNone(line) }),
        Global("pid", (g, line) => g with { PidFile = OptionValue.TextOrNone(line) }),
        new("service", OptionTreatment.Served)
        {
            Process = (g, line) => g with { ServiceName = OptionValue.Text(line) },
            Service = (s, line) => s with { Name = OptionValue.Text(line) },
        },
        Global("setEnv", ServiceValues.SetEnv),
        Global("syslog", (g, line) => g with { UsesSyslog = OptionValue.YesNo(line) }),
        Refused("chroot", "adit does not leave the file system; let the system confine it, with RootDirectory= of a systemd unit, say", isGlobal: true),
        Refused("compression", "compressed and secret do not go together (CRIME); take the line out", isGlobal: true),
        Ignored("EGD", Random, isGlobal: true),
        Refused("engine", Tokens, isGlobal: true),
        Refused("engineCtrl", Tokens, isGlobal: true),
        Refused("engineDefault", Tokens, isGlobal: true),
        Refused("fips", "adit has no FIPS mode of its own; a system in FIPS mode applies to it", line => !OptionValue.YesNo(line), isGlobal: true),
        Ignored("iconActive", Window, isGlobal: true),
        Ignored("iconError", Window, isGlobal: true),
        Ignored("iconIdle", Window, isGlobal: true),
        Refused("provider", Tokens, isGlobal: true),
        Refused("providerParameter", Tokens, isGlobal: true),
        Ignored("RNDbytes", Random, isGlobal: true, line => OptionValue.Number(line, 0, int.MaxValue)),
        Ignored("RNDfile", Random, isGlobal: true),
        Ignored("RNDoverwrite", Random, isGlobal: true, line => OptionValue.YesNo(line)),
        Ignored("taskbar", Window, isGlobal: true, line => OptionValue.YesNo(line)),

        // Ends.
        Served("accept", (s, line) => s with { Accept = s.Accept.Add(OptionValue.Listen(line)) }),
        Served("client", (s, line) => s with { IsClient = OptionValue.YesNo(line) }),
        Served("connect", (s, line) => s with { Connect = s.Connect.Add(OptionValue.Target(line)) }),
        Served("delay", (s, line) => s with { Delay = OptionValue.YesNo(line) }),
        Served("exec", (s, line) => s with { Exec = OptionValue.Text(line) }),
        Served("execArgs", (s, line) => s with { ExecArgs = [.. line.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)] }),
        Served("failover", (s, line) => s with
        {
            Failover = OptionValue.Word(line, ("rr", StunnelFailover.RoundRobin), ("prio", StunnelFailover.Priority)),
        }),
        Served("local", (s, line) => s with { Local = OptionValue.Host(line) }),
        Served("pty", (s, line) => s with { Pty = OptionValue.YesNo(line) }),
        Served("redirect", (s, line) => s with { Redirect = s.Redirect.Add(OptionValue.Target(line)) }),
        Served("reset", (s, line) => s with { Reset = OptionValue.YesNo(line) }),
        Served("retry", (s, line) => s with { Retry = ServiceValues.Retry(line) }),
        Refused("ident", "what a machine says of its users proves nothing; write AditAdmit = user:NAME for users of this machine, verifyPeer for others"),
        Refused("libwrap", "hosts.allow and hosts.deny are not read; write AditAdmit = address:CIDR", line => !OptionValue.YesNo(line)),
        Refused("setgid", User),
        Refused("setuid", User),
        new("socket", OptionTreatment.Ignored) { Reason = "sockets have the settings that Adit gives them", Judge = SocketOption.Judge },
        Ignored("stack", "threads have the stacks that .NET gives them", check: line => OptionValue.Number(line, 0, int.MaxValue)),
        Refused(
            "transparent", "addresses of others are not taken on; with protocol = proxy the target hears who connects",
            line => OptionValue.Word(line, ("none", true), ("no", true), ("source", false), ("yes", false), ("destination", false), ("both", false))),

        // Protocol.
        Served("protocol", (s, line) => s with { Protocol = ServiceValues.Protocol(line) }),
        Served("protocolAuthentication", (s, line) => s with { ProtocolAuthentication = ServiceValues.Authentication(line) }),
        Ignored("protocolDomain", "it is for NTLM, which is not served"),
        Served("protocolHeader", (s, line) => s with { ProtocolHeader = OptionValue.Text(line) }),
        Served("protocolHost", (s, line) => s with { ProtocolHost = OptionValue.Text(line) }),
        Served("protocolPassword", (s, line) => s with { ProtocolPassword = OptionValue.Text(line) }),
        Served("protocolUsername", (s, line) => s with { ProtocolUsername = OptionValue.Text(line) }),

        // Credentials and verification.
        Served("CAfile", (s, line) => s with { CaFile = OptionValue.TextOrNone(line) }),
        Served("CApath", (s, line) => s with { CaPath = OptionValue.TextOrNone(line) }),
        Served("cert", (s, line) => s with { Certificate = OptionValue.CredentialFile(line) }),
        Served("checkEmail", (s, line) => s with { CheckEmails = s.CheckEmails.Add(OptionValue.Text(line)) }),
        Served("checkHost", (s, line) => s with { CheckHosts = s.CheckHosts.Add(OptionValue.Host(line)) }),
        Served("checkIP", (s, line) => s with { CheckIps = s.CheckIps.Add(OptionValue.Address(line)) }),
        Served("CRLfile", (s, line) => s with { CrlFile = OptionValue.TextOrNone(line) }),
        Served("CRLpath", (s, line) => s with { CrlPath = OptionValue.TextOrNone(line) }),
        Served("key", (s, line) => s with { Key = OptionValue.CredentialFile(line) }),
        Served("OCSP", (s, line) => s with { OcspResponder = ServiceValues.OcspResponder(line) }),
        Served("OCSPaia", (s, line) => s with { OcspFromCertificate = OptionValue.YesNo(line) }),
        new("OCSPflag", OptionTreatment.Refused) { Reason = ServiceValues.OcspChecks, Judge = ServiceValues.JudgeOcspFlag },
        Served("OCSPnonce", (s, line) => s with { OcspNonce = OptionValue.YesNo(line) }),
        Served("OCSPrequire", (s, line) => s with { OcspRequire = OptionValue.YesNo(line) }),
        Served("requireCert", ServiceValues.RequireCert),
        Served("verify", ServiceValues.Verify),
        Served("verifyChain", ServiceValues.VerifyChain),
        Served("verifyPeer", ServiceValues.VerifyPeer),
        Refused("CAengine", Tokens),
        Refused("CAstore", "certificates that are trusted come from files; write CAfile or CApath"),
        Refused("engineId", Tokens),
        Refused("engineNum", Tokens),
        Refused("PSKidentity", ServiceValues.NoPsk),
        Refused("PSKsecrets", ServiceValues.NoPsk),

        // TLS.
        Served("ciphers", (s, line) => s with { Ciphers = ServiceValues.Ciphers(line) }),
        Served("ciphersuites", (s, line) => s with { CipherSuites = ServiceValues.CipherSuites(line) }),
        Ignored("curve", Groups, check: line => OptionValue.Names(line)),
        Ignored("curves", Groups, check: line => OptionValue.Names(line)),
        new("options", OptionTreatment.Served) { Judge = OpenSslOptions.Judge, Service = OpenSslOptions.Take },
        Ignored("session", Sessions, check: line => OptionValue.Seconds(line)),
        Ignored("sessionCacheSize", Sessions, check: line => OptionValue.Number(line, 1, 1_000_000)),
        Ignored("sessionCacheTimeout", Sessions, check: line => OptionValue.Seconds(line)),
        Served("sessionResume", (s, line) => s with { SessionResume = OptionValue.YesNo(line) }),
        Served("sni", (s, line) => s with { Sni = s.Sni.Add(line.Value) }),
        Served("sslVersion", ServiceValues.Version),
        Served("sslVersionMax", ServiceValues.MaxVersion),
        Served("sslVersionMin", ServiceValues.MinVersion),
        Refused("config", "commands of OpenSSL's library are not served; there are sslVersionMin, ciphers, ciphersuites and curves"),
        new("renegotiation", OptionTreatment.Ignored)
        {
            Reason = "no peer can ask for a new handshake on a connection",
            Judge = line => OptionValue.YesNo(line) ? "no peer can ask for a new handshake on a connection" : "",
        },
        Refused("securityLevel", "the level is 2: keys of 112 bits and more", line => OptionValue.Number(line, 0, 5) == 2),
        Ignored("sessiond", "sessions are remembered in this process alone"),
        new("ticketKeySecret", OptionTreatment.Ignored) { Reason = ServiceValues.OwnTickets, Judge = ServiceValues.JudgeTicketSecret },
        new("ticketMacSecret", OptionTreatment.Ignored) { Reason = ServiceValues.OwnTickets, Judge = ServiceValues.JudgeTicketSecret },

        // Limits and the log.
        Served("TIMEOUTbusy", (s, line) => s with { TimeoutBusy = OptionValue.Seconds(line) }),
        Served("TIMEOUTclose", (s, line) => s with { TimeoutClose = OptionValue.Seconds(line, 0) }),
        Served("TIMEOUTconnect", (s, line) => s with { TimeoutConnect = OptionValue.Seconds(line) }),
        Served("TIMEOUTidle", (s, line) => s with { TimeoutIdle = OptionValue.Seconds(line) }),
        Served("TIMEOUTocsp", (s, line) => s with { TimeoutOcsp = OptionValue.Seconds(line) }),
        Ignored(
            "logId", "connections are numbered in their order",
            check: line => OptionValue.Word(line, ("sequential", 0), ("unique", 1), ("thread", 2), ("process", 3))),

        // Adit's own words.
        Served("AditAdmit", ServiceValues.Admit),
        Served("AditAlpn", (s, line) => s with { Alpn = ServiceValues.Alpn(line) }),
        Served("AditInsecure", (s, line) => s with { AllowsInsecure = OptionValue.YesNo(line) }),
        Served("AditMaxConnections", (s, line) => s with { MaxConnections = OptionValue.Number(line, 1, 1_000_000) }),
        Served("AditPlaintext", (s, line) => s with { AllowsPlaintext = OptionValue.YesNo(line) }),
    ];

    private static readonly Dictionary<string, StunnelOption> ByName = All.ToDictionary(option => option.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>All options, for those who want to list them.</summary>
    internal static IReadOnlyList<StunnelOption> Table => All;

    /// <summary>The names that can stand in a file.</summary>
    internal static IEnumerable<string> Names => All.Select(option => option.Name).Append(StunnelFile.Include);

    /// <summary>The option of a name in any case; null for none.</summary>
    internal static StunnelOption? Find(string name) => ByName.GetValueOrDefault(name);
}

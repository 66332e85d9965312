using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>
/// What -G prints: one line for each keyword with the value that holds, in ssh's words and order, and Adit's own at the end. What has no
/// effect here is printed as off, whatever was written.
/// </summary>
internal static class EffectiveConfig
{
    /// <summary>The lines, a keyword in lower case, a blank and the value.</summary>
    internal static IEnumerable<string> Lines(HostConfig config) =>
        Words(config).Concat(Numbers(config)).Concat(Texts(config)).Concat(Forwards(config)).Concat(Lists(config)).Concat(Special(config)).Concat(Own(config))
            .Where(line => line.Value is not null)
            .Select(line => $"{line.Keyword} {line.Value}");

    private static IEnumerable<(string Keyword, string? Value)> Words(HostConfig c) =>
    [
        ("host", c.Alias),
        ("user", c.User),
        ("hostname", c.HostName),
        ("port", Number(c.Port)),
        ("addressfamily", c.AddressFamily switch { AddressFamily.InterNetwork => "inet", AddressFamily.InterNetworkV6 => "inet6", _ => "any" }),
        ("batchmode", YesNo(c.BatchMode)),
        ("canonicalizefallbacklocal", YesNo(c.Written.CanonicalizeFallbackLocal.Or(true))),
        ("canonicalizehostname", c.Written.CanonicalizeHostname.Or(CanonicalizeHostname.No) switch
        {
            CanonicalizeHostname.Yes => "true",
            CanonicalizeHostname.Always => "always",
            _ => "false",
        }),
        ("checkhostip", YesNo(c.CheckHostIp)),
        ("compression", "no"),
        ("controlmaster", c.ControlMaster switch
        {
            ControlMaster.Yes => "true",
            ControlMaster.Ask => "ask",
            ControlMaster.Auto => "auto",
            ControlMaster.AutoAsk => "autoask",
            _ => "false",
        }),
        ("enablesshkeysign", "no"),
        ("clearallforwardings", YesNo(c.ClearAllForwardings)),
        ("exitonforwardfailure", YesNo(c.ExitOnForwardFailure)),
        ("fingerprinthash", c.FingerprintHash is FingerprintHash.Md5 ? "MD5" : "SHA256"),
        ("forwardx11", "no"),
        ("forwardx11trusted", "no"),
        ("gatewayports", YesNo(c.GatewayPorts)),
        ("gssapiauthentication", "no"),
        ("gssapidelegatecredentials", "no"),
        ("hashknownhosts", YesNo(c.HashKnownHosts)),
        ("hostbasedauthentication", "no"),
        ("identitiesonly", YesNo(c.IdentitiesOnly)),
        ("kbdinteractiveauthentication", YesNo(c.Written.KbdInteractiveAuthentication.Or(true))),
        ("nohostauthenticationforlocalhost", YesNo(c.NoHostAuthenticationForLocalhost)),
        ("passwordauthentication", YesNo(c.Written.PasswordAuthentication.Or(true))),
        ("permitlocalcommand", YesNo(c.PermitLocalCommand)),
        ("proxyusefdpass", YesNo(c.Written.ProxyUseFdpass.Or(false) && c.Jumps.IsEmpty)),
        ("pubkeyauthentication", c.Written.PubkeyAuthentication.Or(PubkeyAuthentication.Yes) switch
        {
            PubkeyAuthentication.No => "false",
            PubkeyAuthentication.Unbound => "unbound",
            PubkeyAuthentication.HostBound => "host-bound",
            _ => "true",
        }),
        ("requesttty", c.RequestTty switch { RequestTty.Yes => "true", RequestTty.No => "false", RequestTty.Force => "force", _ => "auto" }),
        ("sessiontype", c.SessionType switch { SessionType.None => "none", SessionType.Subsystem => "subsystem", _ => "default" }),
        ("stdinnull", YesNo(c.StdinNull)),
        ("forkafterauthentication", YesNo(c.ForkAfterAuthentication)),
        ("streamlocalbindunlink", YesNo(c.StreamLocalBindUnlink)),
        ("stricthostkeychecking", c.StrictHostKeyChecking switch
        {
            HostKeyChecking.Yes => "true",
            HostKeyChecking.AcceptNew => "accept-new",
            HostKeyChecking.Off => "false",
            _ => "ask",
        }),
        ("tcpkeepalive", YesNo(c.TcpKeepAlive)),
        ("tunnel", "false"),
        ("verifyhostkeydns", "false"),
        ("visualhostkey", YesNo(c.VisualHostKey)),
        ("updatehostkeys", c.UpdateHostKeys switch { UpdateHostKeys.Yes => "true", UpdateHostKeys.Ask => "ask", _ => "false" }),
        ("enableescapecommandline", YesNo(c.EnableEscapeCommandline)),
        ("warnweakcrypto", YesNo(c.WarnWeakCrypto)),
    ];

    private static IEnumerable<(string Keyword, string? Value)> Numbers(HostConfig c) =>
    [
        ("canonicalizemaxdots", Number(c.Written.CanonicalizeMaxDots.Or(1))),
        ("connectionattempts", Number(c.ConnectionAttempts)),
        ("numberofpasswordprompts", Number(c.NumberOfPasswordPrompts)),
        ("serveralivecountmax", Number(c.ServerAliveCountMax)),
        ("serveraliveinterval", Seconds(c.ServerAliveInterval)),
        ("requiredrsasize", Number(c.RequiredRsaSize)),
    ];

    private static IEnumerable<(string Keyword, string? Value)> Texts(HostConfig c) =>
    [
        ("bindaddress", c.BindAddress),
        ("bindinterface", c.BindInterface),
        ("ciphers", string.Join(',', c.Algorithms.Ciphers)),
        ("controlpath", c.ControlPath),
        ("hostkeyalgorithms", string.Join(',', c.Algorithms.HostKeys)),
        ("hostkeyalias", c.HostKeyAlias),
        ("identityagent", IdentityAgent(c)),
        ("ignoreunknown", c.Written.IgnoreUnknown.Given is { } ignored ? string.Join(',', ignored.Value) : null),
        ("kexalgorithms", string.Join(',', c.Algorithms.Kex)),
        ("casignaturealgorithms", string.Join(',', c.CaSignatureAlgorithms)),
        ("localcommand", c.Written.LocalCommand.Or(null)),
        ("remotecommand", c.Written.RemoteCommand.Or(null) is null ? null : c.Command),
        ("loglevel", c.LogLevel switch { LogVerbosity.Quiet => "SILENT", LogVerbosity.Debug1 => "DEBUG", var level => level.ToString().ToUpperInvariant() }),
        ("macs", string.Join(',', c.Algorithms.Macs)),
        ("preferredauthentications", c.Written.PreferredAuthentications.Given is { } methods ? string.Join(',', methods.Value) : null),
        ("pubkeyacceptedalgorithms", string.Join(',', c.PubkeyAcceptedAlgorithms)),
        ("revokedhostkeys", c.RevokedHostKeys.IsEmpty ? null : string.Join(' ', c.RevokedHostKeys)),
        ("knownhostscommand", c.KnownHostsCommand?.Value),
        ("tag", c.Tag),
        ("versionaddendum", c.VersionAddendum),
    ];

    private static IEnumerable<(string Keyword, string? Value)> Forwards(HostConfig c) =>
    [
        .. c.DynamicForwards.Select(forward => ("dynamicforward", (string?)Listen(c, forward.Value.Listen))),
        .. c.LocalForwards.Select(forward => ("localforward", (string?)$"{Listen(c, forward.Value.Listen)} {Target(forward.Value)}")),
        .. c.RemoteForwards.Select(forward => ("remoteforward", (string?)$"{Listen(c, forward.Value.Listen)} {Target(forward.Value)}")),
    ];

    private static IEnumerable<(string Keyword, string? Value)> Lists(HostConfig c) =>
    [
        .. IdentityFiles(c).Select(path => ("identityfile", (string?)path)),
        ("canonicaldomains", Joined(c.Written.CanonicalDomains.Or([]))),
        .. c.Written.CertificateFiles.Values.Select(path => ("certificatefile", (string?)path.Value)),
        ("globalknownhostsfile", Joined(c.GlobalKnownHostsFiles)),
        ("userknownhostsfile", Joined(c.UserKnownHostsFiles)),
        .. c.SendEnv.Select(name => ("sendenv", (string?)name)),
        .. c.SetEnv.Select(variable => ("setenv", (string?)$"{variable.Key}={variable.Value}")),
        ("channeltimeout", Joined(c.ChannelTimeouts.Select(timeout => $"{timeout.Type}={Seconds(timeout.Timeout)}"))),
        ("permitremoteopen", c.PermitRemoteOpens is { } opens ? Joined(opens.Select(permit => permit.ToString())) : "any"),
    ];

    private static IEnumerable<(string Keyword, string? Value)> Special(HostConfig c) =>
    [
        ("addkeystoagent", AddKeysToAgent(c.AddKeysToAgent)),
        ("forwardagent", "no"),
        ("connecttimeout", c.ConnectTimeout is { } timeout ? Seconds(timeout) : "none"),
        ("tunneldevice", "any:any"),
        ("canonicalizePermittedcnames", Joined(c.Written.CanonicalizePermittedCnames.Or([]).Select(rule => rule.ToString()))),
        ("controlpersist", c.ControlPersist switch
        {
            null => "no",
            { } time when time == Timeout.InfiniteTimeSpan => "yes",
            { } time => Seconds(time),
        }),
        ("escapechar", Escape(c.EscapeChar)),
        ("ipqos", c.IpQos.ToString()),
        ("rekeylimit", $"{Number(c.RekeyLimit.Bytes)} {(c.RekeyLimit.Interval == Timeout.InfiniteTimeSpan ? "0" : Seconds(c.RekeyLimit.Interval))}"),
        ("streamlocalbindmask", "0" + Convert.ToString(c.StreamLocalBindMask, 8)),
        ("syslogfacility", c.SyslogFacility),
        ("proxycommand", c.Written.ProxyCommand.Or(null)),
        ("proxyjump", ProxyJump(c.Written.ProxyJump.Or([]))),
    ];

    private static IEnumerable<(string Keyword, string? Value)> Own(HostConfig c) =>
    [
        ("aditadmit", c.Admit is { } rule ? rule.Value.ToString() : "default"),
        ("aditexpect", c.ExpectPostgres switch { true => "postgres", false => "none", null => "default" }),
        ("aditexpectcert", c.ExpectCert is { } digits ? "sha256:" + digits : "none"),
        ("aditidletimeout", c.IdleTimeout is { } idle ? Seconds(idle) : "none"),
        ("aditlifetime", c.Lifetime is { } life ? Seconds(life) : "none"),
        ("aditmaxconnections", Number(c.MaxConnections)),
        ("aditreconnect", YesNo(c.Reconnect)),
        ("aditreconnectwait", Seconds(c.ReconnectWait)),
        ("aditproxy", c.Proxy?.ToString() ?? "none"),
        ("adittargettls", c.TargetTls?.ToString() ?? "none"),
        ("adittargettlsroot", c.TargetTlsRoot ?? "none"),
        ("adittargettlscert", c.TargetTlsCert ?? "none"),
        ("adittargettlskey", c.TargetTlsKey ?? "none"),
        ("aditviatls", c.ViaTls?.ToString() ?? "none"),
        ("aditviatlsroot", c.ViaTlsRoot ?? "none"),
    ];

    /// <summary>As they were written; those that nobody wrote as ssh writes them.</summary>
    private static IEnumerable<string> IdentityFiles(HostConfig c) =>
        c.Written.IdentityFiles.Values.Count > 0 ? c.Written.IdentityFiles.Values.Select(path => path.Value) : HostPaths.DefaultIdentities;

    private static string? IdentityAgent(HostConfig c) => c.Written.IdentityAgent.Given switch
    {
        null => null,
        { Value: var value } when KeywordValue.IsNone(value) || value == "SSH_AUTH_SOCK" || value is ['$', not '{', ..] => value,
        _ => c.IdentityAgent,
    };

    private static string AddKeysToAgent(AgentAddition addition) => addition switch
    {
        { Lifetime: { } time, Mode: AgentAdditionMode.Confirm } => $"confirm {Seconds(time)}",
        { Lifetime: { } time } => Seconds(time),
        { Mode: AgentAdditionMode.Yes } => "true",
        { Mode: AgentAdditionMode.Ask } => "ask",
        { Mode: AgentAdditionMode.Confirm } => "confirm",
        _ => "false",
    };

    /// <summary>Of the last host alone an IPv4 address has brackets.</summary>
    private static string? ProxyJump(ImmutableArray<JumpHost> hops)
    {
        if (hops is not [.. var before, var last])
            return null;
        if (last.Host.All(c => char.IsAsciiDigit(c) || c == '.'))
            last = last with { Host = $"[{last.Host}]" };
        return string.Join(',', before.Append(last));
    }

    /// <summary>As it was written: the wildcard of GatewayPorts is not.</summary>
    private static string Listen(HostConfig c, ListenSpec listen) =>
        listen.Path ?? (listen.BindAddress is { } bind && !(bind.Length == 0 && c.GatewayPorts) ? $"[{bind}]:{Number(listen.Port)}" : Number(listen.Port));

    private static string Target(ForwardSpec forward) => forward.Target switch
    {
        null => "[socks]:0",
        { IsUnix: true } socket => socket.Path,
        var target => $"[{target.Host}]:{Number(target.Port)}",
    };

    /// <summary>A control character as <c>\^X</c>.</summary>
    private static string Escape(char? c) => c switch
    {
        null => "none",
        '\\' => @"\\",
        < ' ' => new StringBuilder(@"\^").Append((char)(c.Value | 0x40)).ToString(),
        _ => c.Value.ToString(),
    };

    private static string Joined(IEnumerable<string> values) => string.Join(' ', values) is { Length: > 0 } text ? text : "none";

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Seconds(TimeSpan time) => Number((long)time.TotalSeconds);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>Settings as lines of configuration: what <c>-T</c> writes.</summary>
internal static class EffectiveSettings
{
    private static readonly SearchValues<char> NeedsQuotes = SearchValues.Create(" \t#'\"\\");

    /// <summary>One line for each value: the keyword in lower case and the value, in the order of <c>sshd -T</c>, Adit's own keywords last.</summary>
    internal static IEnumerable<string> Lines(GatewaySettings s) =>
        Gateway(s).Concat(Flags(s)).Concat(Texts(s)).Concat(Lists(s)).Concat(Own(s)).Select(line => $"{line.Keyword} {line.Value}");

    private static IEnumerable<(string Keyword, string Value)> Gateway(GatewaySettings s)
    {
        foreach (int port in s.Ports)
            yield return ("port", Number(port));
        yield return ("addressfamily", ListenAddress.Name(s.AddressFamily));
        foreach (string address in s.ListenAddresses.SelectMany(address => Addresses(address.Host, address.Port, s.AddressFamily)))
            yield return ("listenaddress", address);
        yield return ("logingracetime", Seconds(s.LoginGraceTime));
        yield return ("maxauthtries", Number(s.MaxAuthTries));
        yield return ("maxsessions", Number(s.MaxSessions));
        yield return ("clientaliveinterval", Seconds(s.ClientAliveInterval));
        yield return ("clientalivecountmax", Number(s.ClientAliveCountMax));
        yield return ("requiredrsasize", Number(s.RequiredRsaSize));
        yield return ("streamlocalbindmask", $"0{Convert.ToString(s.StreamLocalBindMask, 8)}");
        yield return ("unusedconnectiontimeout", s.UnusedConnectionTimeout == TimeSpan.Zero ? "none" : Seconds(s.UnusedConnectionTimeout));
    }

    private static IEnumerable<(string Keyword, string Value)> Flags(GatewaySettings s) =>
    [
        ("pubkeyauthentication", YesNo(s.PubkeyAuthentication)),
        ("passwordauthentication", YesNo(s.PasswordAuthentication)),
        ("kbdinteractiveauthentication", YesNo(s.KbdInteractiveAuthentication)),
        ("strictmodes", YesNo(s.StrictModes)),
        ("tcpkeepalive", YesNo(s.TcpKeepAlive)),
        ("gatewayports", s.GatewayPorts switch { GatewayPorts.Yes => "yes", GatewayPorts.ClientSpecified => "clientspecified", _ => "no" }),
        ("usedns", "no"),
        ("allowtcpforwarding", Directions(s.AllowTcpForwarding)),
        ("disableforwarding", YesNo(s.DisableForwarding)),
        ("allowstreamlocalforwarding", Directions(s.AllowStreamLocalForwarding)),
        ("streamlocalbindunlink", YesNo(s.StreamLocalBindUnlink)),
        ("refuseconnection", YesNo(s.RefuseConnection is not null)),
    ];

    private static IEnumerable<(string Keyword, string Value)> Texts(GatewaySettings s) =>
    [
        ("pidfile", s.PidFile ?? "none"),
        ("ciphers", string.Join(',', s.Algorithms.Ciphers)),
        ("macs", string.Join(',', s.Algorithms.Macs)),
        ("banner", s.Banner ?? "none"),
        ("forcecommand", s.ForceCommand ?? "none"),
        ("trustedusercakeys", s.TrustedUserCaKeys ?? "none"),
        ("revokedkeys", s.RevokedKeys ?? "none"),
        ("authorizedprincipalsfile", s.AuthorizedPrincipalsFile ?? "none"),
        ("kexalgorithms", string.Join(',', s.Algorithms.Kex)),
        ("casignaturealgorithms", string.Join(',', s.CaSignatureAlgorithms)),
        ("hostkeyalgorithms", string.Join(',', s.Algorithms.HostKeys)),
        ("pubkeyacceptedalgorithms", string.Join(',', s.PubkeyAcceptedAlgorithms)),
        ("persourcepenaltyexemptlist", s.PerSourcePenaltyExemptList?.Text ?? "none"),
        ("loglevel", Name(s.LogLevel)),
        ("authorizedkeysfile", s.AuthorizedKeysFiles is [] ? "none" : Join(s.AuthorizedKeysFiles)),
    ];

    private static IEnumerable<(string Keyword, string Value)> Lists(GatewaySettings s) =>
    [
        .. s.HostKeys.Select(key => ("hostkey", key.Value)),
        .. s.HostCertificates.Select(certificate => ("hostcertificate", certificate.Value)),
        .. s.AllowUsers.Select(pattern => ("allowusers", pattern)),
        .. s.DenyUsers.Select(pattern => ("denyusers", pattern)),
        .. s.AllowGroups.Select(pattern => ("allowgroups", pattern)),
        .. s.DenyGroups.Select(pattern => ("denygroups", pattern)),
        ("authenticationmethods", s.AuthenticationMethods is [] ? "any" : Join(s.AuthenticationMethods.Select(list => string.Join(',', list)))),
        ("channeltimeout", s.ChannelTimeouts is [] ? "none" : Join(s.ChannelTimeouts.Select(timeout => $"{timeout.Type}={Seconds(timeout.Timeout)}"))),
        ("maxstartups", string.Create(CultureInfo.InvariantCulture, $"{s.MaxStartups.Begin}:{s.MaxStartups.Rate}:{s.MaxStartups.Full}")),
        ("persourcemaxstartups", NumberOrNone(s.PerSourceMaxStartups)),
        ("persourcenetblocksize", string.Create(CultureInfo.InvariantCulture, $"{s.PerSourceNetBlockSize.V4}:{s.PerSourceNetBlockSize.V6}")),
        ("rekeylimit", $"{Number(s.RekeyLimit.Bytes)} {(s.RekeyLimit.Interval == Timeout.InfiniteTimeSpan ? "0" : Seconds(s.RekeyLimit.Interval))}"),
        ("permitopen", s.PermitOpen is [] ? "any" : Join(s.PermitOpen)),
        ("permitlisten", s.PermitListen is [] ? "any" : Join(s.PermitListen.Select(WithHost))),
        ("persourcepenalties", Penalties(s.PerSourcePenalties)),
    ];

    private static IEnumerable<(string Keyword, string Value)> Own(GatewaySettings s) =>
    [
        .. s.AditPermitOpen.Select(rule => ("aditpermitopen", Quoted(rule.Text))),
        .. s.AditPermitListen.Select(rule => ("aditpermitlisten", Quoted(rule.Text))),
        ("aditpermitfrom", s.AditPermitFrom?.Text ?? "any"),
        ("aditpermitexec", YesNo(s.AditPermitExec)),
        ("aditmaxconnections", NumberOrNone(s.Limits.Connections)),
        ("aditmaxchannels", NumberOrNone(s.Limits.Channels)),
        ("aditmaxlisteners", NumberOrNone(s.Limits.Listeners)),
        ("aditbandwidth", NumberOrNone(s.Limits.BytesPerSecond)),
        ("aditmaxbytes", NumberOrNone(s.Limits.TotalBytes)),
        ("aditmaxsession", s.Limits.Session is { } session ? Seconds(session) : "none"),
        ("aditusersfile", s.AditUsersFile ?? "none"),
        ("aditauditlog", s.AditAuditLog ?? "none"),
        .. s.AditTlsListens.Select(listen => ("adittlslisten", listen.Value.ToString())),
        ("adittlscertificate", s.AditTlsCertificate ?? "none"),
        ("adittlskey", s.AditTlsKey ?? "none"),
        ("adittlsclientca", s.AditTlsClientCa ?? "none"),
        ("adittlsclientcrl", s.AditTlsClientCrl ?? "none"),
        .. s.AditTlsUsers.Select(user => ("adittlsuser", user.ToString())),
    ];

    private static IEnumerable<string> Addresses(string host, int port, AddressFamily family)
    {
        if (host != "*")
        {
            yield return host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{Number(port)}" : $"{host}:{Number(port)}";
            yield break;
        }
        if (family != AddressFamily.InterNetwork)
            yield return $"[::]:{Number(port)}";
        if (family != AddressFamily.InterNetworkV6)
            yield return $"0.0.0.0:{Number(port)}";
    }

    private static string Penalties(SourcePenalties p)
    {
        if (!p.Enabled)
            return "no";
        string times = Join(((string Name, TimeSpan Time)[])
        [
            ("crash", p.Crash), ("authfail", p.AuthFail), ("noauth", p.NoAuth), ("invaliduser", p.InvalidUser), ("grace-exceeded", p.GraceExceeded),
            ("refuseconnection", p.RefuseConnection), ("max", p.Max), ("min", p.Min),
        ], penalty => $"{penalty.Name}:{Seconds(penalty.Time)}");
        return $"{times} max-sources4:{Number(p.MaxSources)} max-sources6:{Number(p.MaxSources6)} "
            + $"overflow:{Overflow(p.OverflowDeniesAll)} overflow6:{Overflow(p.Overflow6DeniesAll)}";

        static string Overflow(bool denies) => denies ? "deny-all" : "permissive";
    }

    private static string Name(LogVerbosity level) => level switch
    {
        LogVerbosity.Quiet => "SILENT",
        LogVerbosity.Debug1 => "DEBUG",
        _ => level.ToString().ToUpperInvariant(),
    };

    private static string Directions(ForwardDirections directions) => directions switch
    {
        ForwardDirections.All => "yes",
        ForwardDirections.Local => "local",
        ForwardDirections.Remote => "remote",
        _ => "no",
    };

    /// <summary>A port alone is one of any host.</summary>
    private static string WithHost(string rule) =>
        rule is "any" or "none" || rule.Contains(':', StringComparison.Ordinal) ? rule : $"*:{rule}";

    /// <summary>As it can be written in a file again.</summary>
    internal static string Quoted(string text) =>
        text.AsSpan().ContainsAny(NeedsQuotes) ? $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : text;

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string NumberOrNone(long? value) => value is { } number ? Number(number) : "none";

    private static string Seconds(TimeSpan time) => Number((long)time.TotalSeconds);

    private static string Join(IEnumerable<string> values) => string.Join(' ', values);

    private static string Join<T>(IEnumerable<T> values, Func<T, string> text) => Join(values.Select(text));
}

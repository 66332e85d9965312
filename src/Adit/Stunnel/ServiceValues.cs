using System.Collections.Immutable;
using System.Globalization;
using System.Security.Authentication;
using System.Text;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Stunnel;

/// <summary>What the values of single options mean, where it takes more than a word to say it.</summary>
internal static class ServiceValues
{
    internal const string NoPsk = "there is no login by shared secrets; give both ends certificates, cert and verifyPeer";
    internal const string OcspChecks = "answers of responders are checked in full; take the line out";
    internal const string OwnTickets = "tickets are sealed with keys of this process";

    private static readonly string[] Facilities =
    [
        "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "ntp", "syslog", "user", "uucp",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];

    private static readonly string[] Suites =
    [
        "TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_CCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ];

    private static readonly string[] WeakCiphers =
    [
        "3DES", "ADH", "AECDH", "ANULL", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "DES", "ENULL", "EXP", "EXPORT", "EXPORT40", "EXPORT56",
        "IDEA", "LOW", "MD5", "NULL", "RC2", "RC4", "SEED", "SSLV2", "SSLV3",
    ];

    internal static StunnelGlobal Debug(StunnelGlobal global, OptionLine line)
    {
        (string? facility, SyslogLevel level) = FacilityAndLevel(line);
        return global with { Debug = level, Facility = facility ?? global.Facility };
    }

    internal static StunnelService Debug(StunnelService service, OptionLine line) => service with { Debug = FacilityAndLevel(line).Level };

    internal static StunnelGlobal SetEnv(StunnelGlobal global, OptionLine line)
    {
        string[] parts = line.Value.Split('=', 2);
        return parts[0].Length > 0
            ? global with { Environment = global.Environment.Add(new(parts[0], parts is [_, { Length: > 0 } value] ? value : null)) }
            : throw line.Wrong("write NAME=VALUE");
    }

    internal static TimeSpan? Retry(OptionLine line) =>
        line.Value.Equals("yes", StringComparison.OrdinalIgnoreCase) ? TimeSpan.FromSeconds(1)
        : line.Value.Equals("no", StringComparison.OrdinalIgnoreCase) ? null
        : int.TryParse(line.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) ? TimeSpan.FromMilliseconds(milliseconds)
        : throw line.Wrong("write yes, no or milliseconds");

    internal static StunnelProtocol Protocol(OptionLine line) => line.Value.ToUpperInvariant() switch
    {
        "CONNECT" => StunnelProtocol.Connect,
        "IMAP" => StunnelProtocol.Imap,
        "LDAP" => StunnelProtocol.Ldap,
        "NNTP" => StunnelProtocol.Nntp,
        "PGSQL" => StunnelProtocol.PgSql,
        "POP3" => StunnelProtocol.Pop3,
        "PROXY" => StunnelProtocol.Proxy,
        "SMTP" => StunnelProtocol.Smtp,
        "SOCKS" => StunnelProtocol.Socks,
        "CIFS" => throw line.Refused("no server has spoken it since Samba 3.0"),
        "CAPWIN" or "CAPWINCTRL" => throw line.Refused("it belongs to one application and is not served"),
        _ => throw line.Wrong("write connect, imap, ldap, nntp, pgsql, pop3, proxy, smtp or socks"),
    };

    internal static StunnelAuthentication Authentication(OptionLine line) => line.Value.ToUpperInvariant() switch
    {
        "BASIC" => StunnelAuthentication.Basic,
        "LOGIN" => StunnelAuthentication.Login,
        "PLAIN" => StunnelAuthentication.Plain,
        "NTLM" => throw line.Refused("NTLM rests on broken algorithms; write basic, if the proxy takes it"),
        _ => throw line.Wrong("write basic for protocol = connect, plain or login for smtp"),
    };

    internal static Uri OcspResponder(OptionLine line) =>
        Uri.TryCreate(line.Value, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http"
            ? uri
            : uri?.Scheme is "https" ? throw line.Refused("answers of responders are signed, and are fetched without TLS; write http://")
            : throw line.Wrong("write the address of a responder, as in http://ocsp.example.com/");

    internal static string JudgeOcspFlag(OptionLine line) => line.Value.ToUpperInvariant() switch
    {
        // They say how an answer is made, which no client does.
        "NOCERTS" or "RESPID_KEY" or "NOTIME" => $"{line.Value} is for responders",
        "NOINTERN" or "NOSIGS" or "NOCHAIN" or "NOVERIFY" or "NOEXPLICIT" or "NOCASIGN" or "NODELEGATED" or "NOCHECKS" or "TRUSTOTHER" =>
            throw line.Refused(OcspChecks),
        _ => throw line.Wrong("there is no such flag of OCSP"),
    };

    internal static StunnelService RequireCert(StunnelService service, OptionLine line) => OptionValue.YesNo(line)
        ? service with { RequestCert = true, RequireCert = true }
        : service with { RequireCert = false };

    internal static StunnelService VerifyChain(StunnelService service, OptionLine line) => OptionValue.YesNo(line)
        ? service with { RequestCert = true, RequireCert = true, VerifyChain = true }
        : service with { VerifyChain = false };

    internal static StunnelService VerifyPeer(StunnelService service, OptionLine line) => OptionValue.YesNo(line)
        ? service with { RequestCert = true, RequireCert = true, VerifyPeer = true }
        : service with { VerifyPeer = false };

    /// <summary>The levels of old: 1 a chain if there is one, 2 a chain, 3 a chain and the certificate itself, 4 the certificate itself.</summary>
    internal static StunnelService Verify(StunnelService service, OptionLine line)
    {
        int level = OptionValue.Number(line, 0, 4);
        return service with { RequestCert = true, RequireCert = level >= 2, VerifyChain = level is >= 1 and <= 3, VerifyPeer = level >= 3 };
    }

    internal static string Ciphers(OptionLine line)
    {
        foreach (string name in OptionValue.Text(line).Split([':', ',', ' '], StringSplitOptions.RemoveEmptyEntries))
        {
            // As in DEFAULT@SECLEVEL=0.
            string[] parts = name.Split('@', 2);
            bool isWeak = parts[0] is not ("" or ['!' or '-', ..])
                && parts[0].Split(['+', '-']).Any(part => WeakCiphers.Contains(part, StringComparer.OrdinalIgnoreCase));
            if (isWeak || (parts is [_, var level] && (level.Equals("SECLEVEL=0", StringComparison.OrdinalIgnoreCase) || level.Equals("SECLEVEL=1", StringComparison.OrdinalIgnoreCase))))
                throw line.Refused($"\"{name}\" lets ciphers in that are broken; take it out");
        }

        return line.Value;
    }

    internal static ImmutableArray<string> CipherSuites(OptionLine line)
    {
        string[] names = OptionValue.Names(line);
        foreach (string name in names)
        {
            if (!Suites.Contains(name))
            {
                throw line.Wrong(
                    $"there is no cipher {name} of TLS 1.3" + (Spelling.Nearest(name, Suites) is { } near ? $"; the nearest known one is {near}" : ""));
            }
        }

        return [.. names];
    }

    internal static string JudgeTicketSecret(OptionLine line)
    {
        string digits = line.Value.Replace(":", "", StringComparison.Ordinal);
        return digits.Length is 32 or 64 && digits.All(char.IsAsciiHexDigit) ? OwnTickets : throw new StunnelException(
            line.Place, $"{line.Name}: a secret is 32 or 64 hexadecimal digits");
    }

    internal static StunnelService MinVersion(StunnelService service, OptionLine line) =>
        service with { MinVersion = TlsVersion(line) ?? SslProtocols.Tls12 };

    internal static StunnelService MaxVersion(StunnelService service, OptionLine line) =>
        service with { MaxVersion = TlsVersion(line) ?? SslProtocols.Tls13 };

    internal static StunnelService Version(StunnelService service, OptionLine line) => MaxVersion(MinVersion(service, line), line);

    internal static StunnelService Admit(StunnelService service, OptionLine line)
    {
        try
        {
            return service with { Admit = AdmissionRule.Parse(line.Value) };
        }
        catch (FormatException e)
        {
            throw line.Wrong(e.Message);
        }
    }

    internal static ImmutableArray<string> Alpn(OptionLine line)
    {
        string[] names = line.Value.Split(',', StringSplitOptions.TrimEntries);
        return names.Length <= 16 && names.All(name => Encoding.UTF8.GetByteCount(name) is > 0 and <= 255)
            ? [.. names.Distinct(StringComparer.Ordinal)]
            : throw line.Wrong("write at most 16 names of protocols with commas between them, as in postgresql");
    }

    // Null for all of them.
    private static SslProtocols? TlsVersion(OptionLine line) => line.Value.ToUpperInvariant() switch
    {
        "ALL" => null,
        "TLSV1.2" => SslProtocols.Tls12,
        "TLSV1.3" => SslProtocols.Tls13,
        "SSLV2" or "SSLV3" or "TLSV1" or "TLSV1.1" => throw line.Refused("versions before TLS 1.2 are not safe; write TLSv1.2 or TLSv1.3"),
        _ => throw line.Wrong("write all, TLSv1.2 or TLSv1.3"),
    };

    private static (string? Facility, SyslogLevel Level) FacilityAndLevel(OptionLine line)
    {
        const string expected = "write a level from emerg (0) to debug (7), with a facility and a dot in front if wanted, as in daemon.info";
        int dot = line.Value.IndexOf('.', StringComparison.Ordinal);
        string? facility = dot < 0 ? null : line.Value[..dot].ToLowerInvariant();
        string level = line.Value[(dot + 1)..];
        if (facility is not null && !Facilities.Contains(facility))
            throw line.Wrong(expected);
        if (level is [>= '0' and <= '7'])
            return (facility, (SyslogLevel)(level[0] - '0'));
        foreach (SyslogLevel known in Enum.GetValues<SyslogLevel>())
        {
            if (known.ToString().Equals(level, StringComparison.OrdinalIgnoreCase))
                return (facility, known);
        }

        throw line.Wrong(expected);
    }
}

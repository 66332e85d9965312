using System.Collections.Immutable;
using System.Security.Cryptography;
using Adit.Relay;
using static Adit.OpenSsh.KeywordValue;

namespace Adit.OpenSsh;

/// <summary>The types of values that only ssh_config(5) has. Each throws <see cref="ConfigException"/> naming what is expected.</summary>
internal static class HostValue
{
    private const int MostEntries = 1024;
    private const int MostDomainLetters = 253;

    private static readonly string[] Facilities =
        ["DAEMON", "USER", "AUTH", "AUTHPRIV", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7"];

    internal static ControlMaster ControlMaster(ConfigLine line) => Word(
        line,
        ("yes", OpenSsh.ControlMaster.Yes),
        ("true", OpenSsh.ControlMaster.Yes),
        ("no", OpenSsh.ControlMaster.No),
        ("false", OpenSsh.ControlMaster.No),
        ("auto", OpenSsh.ControlMaster.Auto),
        ("ask", OpenSsh.ControlMaster.Ask),
        ("autoask", OpenSsh.ControlMaster.AutoAsk));

    /// <summary>How long a master outlives its last user: null for not at all, infinite for until it is ended.</summary>
    internal static TimeSpan? ControlPersist(ConfigLine line) => Single(line).ToUpperInvariant() switch
    {
        "NO" or "FALSE" => null,
        "YES" or "TRUE" => Timeout.InfiniteTimeSpan,
        _ => Time(line, Single(line)) is { Ticks: > 0 } time ? time : Timeout.InfiniteTimeSpan,
    };

    internal static RequestTty RequestTty(ConfigLine line) => Word(
        line,
        ("yes", OpenSsh.RequestTty.Yes),
        ("true", OpenSsh.RequestTty.Yes),
        ("no", OpenSsh.RequestTty.No),
        ("false", OpenSsh.RequestTty.No),
        ("force", OpenSsh.RequestTty.Force),
        ("auto", OpenSsh.RequestTty.Auto));

    internal static CanonicalizeHostname CanonicalizeHostname(ConfigLine line) => Word(
        line,
        ("yes", OpenSsh.CanonicalizeHostname.Yes),
        ("true", OpenSsh.CanonicalizeHostname.Yes),
        ("no", OpenSsh.CanonicalizeHostname.No),
        ("false", OpenSsh.CanonicalizeHostname.No),
        ("always", OpenSsh.CanonicalizeHostname.Always));

    internal static UpdateHostKeys UpdateHostKeys(ConfigLine line) => Word(
        line,
        ("yes", OpenSsh.UpdateHostKeys.Yes),
        ("true", OpenSsh.UpdateHostKeys.Yes),
        ("no", OpenSsh.UpdateHostKeys.No),
        ("false", OpenSsh.UpdateHostKeys.No),
        ("ask", OpenSsh.UpdateHostKeys.Ask));

    internal static PubkeyAuthentication PubkeyAuthentication(ConfigLine line) => Word(
        line,
        ("yes", OpenSsh.PubkeyAuthentication.Yes),
        ("true", OpenSsh.PubkeyAuthentication.Yes),
        ("no", OpenSsh.PubkeyAuthentication.No),
        ("false", OpenSsh.PubkeyAuthentication.No),
        ("unbound", OpenSsh.PubkeyAuthentication.Unbound),
        ("host-bound", OpenSsh.PubkeyAuthentication.HostBound));

    internal static FingerprintHash FingerprintHash(ConfigLine line) =>
        Word(line, ("sha256", OpenSsh.FingerprintHash.Sha256), ("md5", OpenSsh.FingerprintHash.Md5));

    internal static bool WarnWeakCrypto(ConfigLine line) =>
        Word(line, ("yes", true), ("true", true), ("no", false), ("false", false), ("no-pq-kex", false));

    internal static string SyslogFacility(ConfigLine line) =>
        Array.Find(Facilities, name => name.Equals(Single(line), StringComparison.OrdinalIgnoreCase))
        ?? throw Wrong(line, $"write one of {string.Join(", ", Facilities)}");

    /// <summary>A mode, a time, or <c>confirm</c> and a time.</summary>
    internal static AgentAddition AgentAddition(ConfigLine line)
    {
        const string expected = "write yes, no, ask, confirm, a time such as 1h, or confirm and a time";
        if (line.Arguments is not ([_] or [_, _]))
            throw Wrong(line, expected);
        AgentAdditionMode? mode = line.Arguments[0].ToUpperInvariant() switch
        {
            "YES" or "TRUE" => AgentAdditionMode.Yes,
            "NO" or "FALSE" => AgentAdditionMode.No,
            "ASK" => AgentAdditionMode.Ask,
            "CONFIRM" => AgentAdditionMode.Confirm,
            _ => null,
        };
        return (mode, line.Arguments.Count) switch
        {
            ({ } known, 1) => new(known, null),
            (AgentAdditionMode.Confirm, 2) => new(AgentAdditionMode.Confirm, Lifetime(line.Arguments[1])),
            (null, 1) => new(AgentAdditionMode.Yes, Lifetime(line.Arguments[0])),
            _ => throw Wrong(line, expected),
        };

        TimeSpan? Lifetime(string text) => Time(line, text) is { Ticks: > 0 } time ? time : null;
    }

    /// <summary>A character, <c>^</c> and a letter for a control character, or null for <c>none</c>.</summary>
    internal static char? EscapeChar(ConfigLine line) => Single(line) switch
    {
        var text when IsNone(text) => null,
        [> ' ' and < '\x7f' and var c] => c,
        ['^', >= '@' and < '\x7f' and var c] => (char)(c & 0x1f),
        _ => throw Wrong(line, "write one ASCII character, ^ and a letter, or none"),
    };

    internal static IpQos IpQos(ConfigLine line)
    {
        IReadOnlyList<string> words = line.Arguments;
        return words is ([_] or [_, _]) && OpenSsh.IpQos.TryParse(words[0], out byte? interactive) && OpenSsh.IpQos.TryParse(words[^1], out byte? bulk)
            ? new(interactive, bulk)
            : throw Wrong(line, "write one or two of af11 to af43, cs0 to cs7, ef, le, va, none or a number from 0 to 255");
    }

    /// <summary>What clients of a remote SOCKS port may reach; empty for <c>none</c>, null for <c>any</c>.</summary>
    internal static IReadOnlyList<ForwardPermit>? RemoteOpens(ConfigLine line)
    {
        if (line.Arguments is [var only] && (IsNone(only) || only.Equals("any", StringComparison.OrdinalIgnoreCase)))
            return IsNone(only) ? [] : null;
        try
        {
            return [.. Limited(line).Select(text => ForwardPermit.Parse(line.Keyword, text, mayOmitHost: false))];
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, e.Message, e);
        }
    }

    /// <summary>Patterns of variables that are sent; those with a <c>-</c> in front take earlier ones away.</summary>
    internal static IReadOnlyList<string> SendEnv(ConfigLine line) =>
        Limited(line).Any(name => name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.Any(char.IsControl))
            ? throw Wrong(line, "write names of variables, which may hold * and ?")
            : line.Arguments;

    /// <summary>Variables with their values; of one name the first stays.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> SetEnv(ConfigLine line) =>
    [
        .. Limited(line).Select(text => text.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && !text.Contains('\0', StringComparison.Ordinal)
            ? KeyValuePair.Create(text[..equals], text[(equals + 1)..])
            : throw Wrong(line, "write NAME=value, with quotes around blanks")).DistinctBy(variable => variable.Key, StringComparer.Ordinal),
    ];

    /// <summary>Domains, lower-case and without a dot at the end; empty for <c>none</c>.</summary>
    internal static IReadOnlyList<string> Domains(ConfigLine line) =>
        line.Arguments is [var only] && IsNone(only)
            ? []
            : [.. Limited(line).Select(text => IsDomain(text) ? text.TrimEnd('.').ToLowerInvariant() : throw Wrong(line, "write domains such as example.com, or none"))];

    /// <summary>Whether a text has the letters of a name in DNS.</summary>
    internal static bool IsDomain(string text) =>
        text.Length is > 0 and <= MostDomainLetters
        && (char.IsAsciiLetterOrDigit(text[0]) || text[0] == '_')
        && !text.Contains("..", StringComparison.Ordinal)
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>Rules <c>sources:targets</c>; <c>*</c> permits all, and none are <c>none</c>.</summary>
    internal static IReadOnlyList<CanonicalNameRule> CanonicalNames(ConfigLine line)
    {
        if (line.Arguments is [var only] && IsNone(only))
            return [];
        return [.. Limited(line).Select(Rule)];

        CanonicalNameRule Rule(string text) => text == "*" ? new("*", "*")
            : text.Split(':') is [var sources, { Length: > 0 } targets] ? new(sources.ToLowerInvariant(), targets.ToLowerInvariant())
            : throw Wrong(line, "write patterns:patterns as in *.a.example.com:*.b.example.com, * or none");
    }

    /// <summary>The hosts on the way, as they are written; empty for <c>none</c>.</summary>
    internal static ImmutableArray<JumpHost> JumpHosts(ConfigLine line)
    {
        try
        {
            return JumpHost.ParseList(line.Rest.Split('#')[0].Trim().Trim('"'));
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword}: {e.Message}", e);
        }
    }

    /// <summary>What our identification says behind the version, up to the comment; empty for <c>none</c>.</summary>
    internal static string VersionAddendum(ConfigLine line)
    {
        string text = line.Rest.Split('#')[0].Trim();
        return IsNone(text) ? ""
            : text.All(c => c is >= ' ' and < '\x7f') && text.Length <= 200 ? text
            : throw Wrong(line, "write up to 200 printable ASCII characters, or none");
    }

    /// <summary>A file's name, its tokens left; null for <c>none</c>.</summary>
    internal static string? TextOrNone(ConfigLine line) => IsNone(Text(line)) ? null : Text(line);

    /// <summary>Who may use local forwards; null for <c>default</c>. The rule has blanks and quotes of its own.</summary>
    internal static AdmissionRule? Admit(ConfigLine line)
    {
        string text = line.Rest is ['"', ..] && line.Arguments is [var only] ? only : WithoutComment(line.Rest);
        if (text.Equals("default", StringComparison.OrdinalIgnoreCase))
            return null;
        try
        {
            return AdmissionRule.Parse(text);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword}: {e.Message}", e);
        }
    }

    /// <summary>Whether a forward has to lead to PostgreSQL: yes, no for <c>none</c>, null for <c>default</c>.</summary>
    internal static bool? ExpectPostgres(ConfigLine line) => Word(line, ("postgres", (bool?)true), ("none", false), ("default", null));

    /// <summary>The SHA-256 of a certificate as 64 lower-case hexadecimal digits; null for <c>none</c>.</summary>
    internal static string? CertificateFingerprint(ConfigLine line)
    {
        const string mark = "sha256:";
        string text = Single(line);
        if (IsNone(text))
            return null;
        string digits = text.StartsWith(mark, StringComparison.OrdinalIgnoreCase)
            ? text[mark.Length..].Replace(":", "", StringComparison.Ordinal).ToLowerInvariant()
            : "";
        return digits.Length == 2 * SHA256.HashSizeInBytes && digits.All(char.IsAsciiHexDigitLower)
            ? digits
            : throw Wrong(line, "write sha256: and 64 hexadecimal digits, as openssl x509 -noout -fingerprint -sha256 prints them, or none");
    }

    // A # begins a comment where a word would begin.
    private static string WithoutComment(string text)
    {
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
                quoted = !quoted;
            else if (!quoted && text[i] == '#' && (i == 0 || char.IsWhiteSpace(text[i - 1])))
                return text[..i].Trim();
        }
        return text.Trim();
    }

    private static IReadOnlyList<string> Limited(ConfigLine line) =>
        line.Arguments.Count > MostEntries ? throw Wrong(line, "more than 1024 are too many")
        : line.Arguments.Count > 1 && line.Arguments.Any(IsNone) ? throw Wrong(line, "none stands alone")
        : line.Arguments;
}

using System.Collections.Immutable;
using System.Globalization;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh.Kex;
using Adit.Wording;
using static Adit.OpenSsh.KeywordValue;

namespace Adit.Gateway.Configuration;

/// <summary>The types of values that only sshd_config(5) has. Each throws <see cref="ConfigException"/> naming what is expected.</summary>
internal static class SshdValue
{
    private const string TokensOfPaths = "%hUu";
    private const string CertificateMark = "-cert-v01@openssh.com";

    private static readonly string[] Methods = ["publickey", "password", "keyboard-interactive"];

    /// <summary>Host key and user key algorithms that there are.</summary>
    internal static IReadOnlyList<string> KeyAlgorithms => AlgorithmPreferences.Default.HostKeys;

    /// <summary>Those that a CA may sign with.</summary>
    internal static IReadOnlyList<string> CaAlgorithms { get; } =
        [.. KeyAlgorithms.Where(name => !name.EndsWith(CertificateMark, StringComparison.Ordinal))];

    internal static bool YesOrNo(ConfigLine line) => Word(line, ("yes", true), ("no", false));

    internal static ForwardDirections Directions(ConfigLine line) => Word(
        line,
        ("yes", ForwardDirections.All),
        ("all", ForwardDirections.All),
        ("no", ForwardDirections.No),
        ("local", ForwardDirections.Local),
        ("remote", ForwardDirections.Remote));

    internal static GatewayPorts Listeners(ConfigLine line) =>
        Word(line, ("yes", GatewayPorts.Yes), ("no", GatewayPorts.No), ("clientspecified", GatewayPorts.ClientSpecified));

    /// <summary>Whether root may log in. That commands of root are forced is beyond what the gateway checks.</summary>
    internal static bool RootLogin(ConfigLine line) =>
        Word(line, ("yes", true), ("prohibit-password", true), ("without-password", true), ("no", false));

    /// <summary>RefuseConnection: why nobody gets in; null for not.</summary>
    internal static string? Refusal(ConfigLine line) => YesOrNo(line) ? $"{line.Source}: RefuseConnection yes" : null;

    /// <summary>A path, absolute when it is read; null for <c>none</c>.</summary>
    internal static string? PathOrNone(ConfigLine line) =>
        Text(line) is var path && IsNone(path) ? null : Path.GetFullPath(Tokens.ExpandTilde(path, LocalUser.Current(), line.Source));

    /// <summary>A path with tokens, which are left; null for <c>none</c>.</summary>
    internal static string? TokenPathOrNone(ConfigLine line) => IsNone(Text(line)) ? null : TokenPath(line, Text(line));

    /// <summary>Paths with tokens, which are left; empty for <c>none</c>.</summary>
    internal static ImmutableArray<string> TokenPaths(ConfigLine line) =>
        Texts(line) is [var only] && IsNone(only) ? [] : [.. line.Arguments.Select(path => TokenPath(line, path))];

    /// <summary>A time; zero for none.</summary>
    internal static TimeSpan Duration(ConfigLine line) => Time(line, Single(line));

    /// <summary>A number, or null for <c>none</c>.</summary>
    internal static int? NumberOrNone(ConfigLine line, int least) =>
        IsNone(Single(line)) ? null
        : int.TryParse(Single(line), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least ? number
        : throw Wrong(line, string.Create(CultureInfo.InvariantCulture, $"write a number from {least}, or none"));

    /// <summary>A number of bytes, at least one, or null for <c>none</c>.</summary>
    internal static long? BytesOrNone(ConfigLine line)
    {
        const string expected = "write bytes, as in 500K, 10M or 1G, or none";
        return IsNone(Single(line)) ? null : Bytes(line, Single(line), expected) is > 0 and var bytes ? bytes : throw Wrong(line, expected);
    }

    internal static MaxStartups MaxStartups(ConfigLine line)
    {
        const string expected = "write a number, or start:rate:full as in 10:30:100";
        int[] n = Numbers(line, expected);
        return n switch
        {
            [> 0] => new(n[0], new GatewaySettings().MaxStartups.Rate, n[0]),
            [> 0, >= 1 and <= 100, > 0] when n[0] <= n[2] => new(n[0], n[1], n[2]),
            _ => throw Wrong(line, expected),
        };
    }

    internal static (int V4, int V6) NetBlockSize(ConfigLine line)
    {
        const string expected = "write the bits of IPv4 and of IPv6 addresses, as in 32:128";
        return Numbers(line, expected) switch
        {
            [<= 32 and var v4] => (v4, 128),
            [<= 32 and var v4, <= 128 and var v6] => (v4, v6),
            _ => throw Wrong(line, expected),
        };
    }

    /// <summary>A list of addresses; null for the word that stands for no list.</summary>
    internal static AddressPatternList? Addresses(ConfigLine line, string noList)
    {
        if (Single(line).Equals(noList, StringComparison.OrdinalIgnoreCase))
            return null;
        try
        {
            return AddressPatternList.Parse(Text(line));
        }
        catch (FormatException e)
        {
            throw Wrong(line, $"{e.Message}; write addresses such as 192.0.2.7,10.0.0.0/8, or {noList}");
        }
    }

    /// <summary>Lists of methods; empty for <c>any</c>.</summary>
    internal static ImmutableArray<ImmutableArray<string>> AuthenticationMethods(ConfigLine line) =>
        line.Arguments is ["any"] ? [] : [.. line.Arguments.Select(list => MethodList(line, list))];

    /// <summary>One pattern of a user or group.</summary>
    /// <exception cref="ConfigException">It cannot be one.</exception>
    internal static void CheckNamePattern(ConfigLine line, string pattern)
    {
        if (pattern.Length == 0 || pattern.Any(char.IsControl) || pattern is ['@', ..] or [.., '@'])
            throw Wrong(line, "write patterns of names with blanks between them");
    }

    /// <summary>As <see cref="CheckNamePattern"/>, and an address behind an @ must be one.</summary>
    internal static void CheckUserPattern(ConfigLine line, string pattern)
    {
        CheckNamePattern(line, pattern);
        int at = pattern.LastIndexOf('@');
        if (at < 0 || !pattern.AsSpan(at).Contains('/'))
            return;
        try
        {
            _ = AddressPatternList.Parse(pattern[(at + 1)..]);
        }
        catch (FormatException e)
        {
            throw Wrong(line, $"{e.Message}; write user, user@192.0.2.7 or user@10.0.0.0/8");
        }
    }

    /// <summary>StreamLocalBindMask, an octal number.</summary>
    internal static Action<GatewayValues> StreamLocalMask(ConfigLine line)
    {
        int mask = Mask(line);
        return values => values.StreamLocalBindMask.Add(mask, line.Source);
    }

    private static string TokenPath(ConfigLine line, string path)
    {
        for (int i = path.IndexOf('%', StringComparison.Ordinal); i >= 0; i = path.IndexOf('%', i + 2))
        {
            if (i + 1 == path.Length || !TokensOfPaths.Contains(path[i + 1], StringComparison.Ordinal))
                throw Wrong(line, "only the tokens %%, %h, %U and %u are known here; write %% for a percent sign");
            if (i + 2 >= path.Length)
                break;
        }
        return Tokens.ExpandTilde(path, LocalUser.Current(), line.Source);
    }

    private static int[] Numbers(ConfigLine line, string expected) =>
    [
        .. Single(line).Split(':').Select(text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Wrong(line, expected)),
    ];

    private static ImmutableArray<string> MethodList(ConfigLine line, string list)
    {
        string[] methods = list.Split(',');
        foreach (string method in methods)
        {
            if (!Methods.Contains(method))
            {
                throw Wrong(
                    line,
                    (Spelling.Nearest(method, Methods) is { } near ? $"\"{method}\" is not a method, the nearest is {near}; " : "")
                        + "write any, or lists of publickey, password and keyboard-interactive with commas between them");
            }
        }
        return [.. methods];
    }
}

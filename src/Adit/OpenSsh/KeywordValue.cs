using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Ssh.Kex;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>The types of values in ssh_config(5) and sshd_config(5). Each throws <see cref="ConfigException"/> naming what is expected.</summary>
internal static class KeywordValue
{
    // As with ssh.
    private const long MinRekeyBytes = 16;

    // Longer than anything that is waited for, and within what a timer takes.
    private const long MaxSeconds = 24 * 86400;

    private static readonly string[] ChannelTypes =
    [
        "agent-connection", "direct-streamlocal@openssh.com", "direct-tcpip", "forwarded-streamlocal@openssh.com", "forwarded-tcpip",
        "global", "session", "session:command", "session:shell", "session:subsystem:sftp", "tun-connection", "x11-connection",
    ];

    internal static string Text(ConfigLine line) =>
        Single(line) is { Length: > 0 } text && !text.Any(char.IsControl)
            ? text
            : throw Wrong(line, "an empty value, or one with control characters, cannot be right");

    internal static bool YesNo(ConfigLine line) => Single(line).ToUpperInvariant() switch
    {
        "YES" or "TRUE" => true,
        "NO" or "FALSE" => false,
        _ => throw Wrong(line, "write yes or no"),
    };

    internal static bool YesNoOr(ConfigLine line, params ReadOnlySpan<string> otherYes)
    {
        foreach (string word in otherYes)
        {
            if (Single(line).Equals(word, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return YesNo(line);
    }

    internal static string Address(ConfigLine line) =>
        IPAddress.TryParse(Single(line), out _) ? Single(line) : throw Wrong(line, "write an address of this machine, as in 192.0.2.7");

    internal static int Port(ConfigLine line) => Number(line, 1, IPEndPoint.MaxPort);

    internal static int Number(ConfigLine line, int least, int most) =>
        int.TryParse(Single(line), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw Wrong(line, string.Create(CultureInfo.InvariantCulture, $"write a number from {least} to {most}"));

    /// <summary>Zero is none, as in ssh.</summary>
    internal static TimeSpan? TimeOrNone(ConfigLine line) =>
        IsNone(Single(line)) ? null
        : Time(line, Single(line)) is { Ticks: > 0 } time ? time
        : null;

    /// <summary>One of some words, in any case.</summary>
    internal static T Word<T>(ConfigLine line, params ReadOnlySpan<(string Word, T Value)> words)
    {
        string given = Single(line);
        List<string> names = [];
        foreach ((string word, T value) in words)
        {
            if (word.Equals(given, StringComparison.OrdinalIgnoreCase))
                return value;
            names.Add(word);
        }
        throw Wrong(line, $"write {string.Join(", ", names[..^1])} or {names[^1]}");
    }

    /// <summary>A mask of permissions, an octal number.</summary>
    internal static int Mask(ConfigLine line)
    {
        int mask = 0;
        string text = Single(line);
        if (text.Length is 0 or > 16)
            throw Unreadable();
        foreach (char c in text)
            mask = c is >= '0' and <= '7' && mask <= 0x3F ? (mask * 8) + (c - '0') : throw Unreadable();
        return mask;

        ConfigException Unreadable() => Wrong(line, "write an octal number from 0 to 0777, as in 0177");
    }

    /// <summary>A command as it is written, or null for <c>none</c>.</summary>
    internal static string? CommandOrNone(ConfigLine line) =>
        line.Rest.Length == 0 || line.Rest.Any(c => char.IsControl(c) && c != '\t')
            ? throw Wrong(line, "write a command, or none")
            : IsNone(line.Rest) ? null : line.Rest;

    internal static ImmutableArray<ChannelTimeout> ChannelTimeouts(ConfigLine line) =>
        line.Arguments is [var only] && IsNone(only) ? [] : [.. line.Arguments.Select(argument => ChannelTimeout(line, argument))];

    internal static IReadOnlyList<string> Texts(ConfigLine line) =>
        line.Arguments.Any(text => text.Length == 0 || text.Any(char.IsControl))
            ? throw Wrong(line, "an empty value, or one with control characters, cannot be right")
            : line.Arguments.Count > 1 && line.Arguments.Any(IsNone) ? throw Wrong(line, "none stands alone")
            : line.Arguments;

    internal static IReadOnlyList<string> Names(ConfigLine line) =>
        Single(line).Split(',', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } names ? names : throw Wrong(line, "write names with commas between them");

    /// <summary>A list of algorithms, of which <see cref="AlgorithmList"/> makes sense when all is known.</summary>
    internal static string Algorithms(ConfigLine line) =>
        Single(line).TrimStart('+', '-', '^').Length > 0 ? Single(line) : throw Wrong(line, "write names of algorithms with commas between them");

    internal static HostKeyChecking HostKeyChecking(ConfigLine line) => Single(line).ToUpperInvariant() switch
    {
        "ASK" => OpenSsh.HostKeyChecking.Ask,
        "YES" or "TRUE" => OpenSsh.HostKeyChecking.Yes,
        "ACCEPT-NEW" => OpenSsh.HostKeyChecking.AcceptNew,
        "NO" or "FALSE" or "OFF" => OpenSsh.HostKeyChecking.Off,
        _ => throw Wrong(line, "write ask, yes, accept-new or no"),
    };

    internal static AddressFamily AddressFamily(ConfigLine line) => Single(line).ToUpperInvariant() switch
    {
        "ANY" => System.Net.Sockets.AddressFamily.Unspecified,
        "INET" => System.Net.Sockets.AddressFamily.InterNetwork,
        "INET6" => System.Net.Sockets.AddressFamily.InterNetworkV6,
        _ => throw Wrong(line, "write any, inet or inet6"),
    };

    internal static SessionType SessionType(ConfigLine line) => Single(line).ToUpperInvariant() switch
    {
        "NONE" => OpenSsh.SessionType.None,
        "SUBSYSTEM" => OpenSsh.SessionType.Subsystem,
        "DEFAULT" => OpenSsh.SessionType.Default,
        _ => throw Wrong(line, "write none, subsystem or default"),
    };

    internal static LogVerbosity LogLevel(ConfigLine line) => Single(line).ToUpperInvariant() switch
    {
        "QUIET" or "SILENT" => LogVerbosity.Quiet,
        "FATAL" => LogVerbosity.Fatal,
        "ERROR" => LogVerbosity.Error,
        "INFO" => LogVerbosity.Info,
        "VERBOSE" => LogVerbosity.Verbose,
        "DEBUG" or "DEBUG1" => LogVerbosity.Debug1,
        "DEBUG2" => LogVerbosity.Debug2,
        "DEBUG3" => LogVerbosity.Debug3,
        _ => throw Wrong(line, "write QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG, DEBUG2 or DEBUG3"),
    };

    /// <summary>Bytes and then, if wanted, a time; <c>default</c> and <c>none</c> leave either as it is.</summary>
    internal static RekeyLimit RekeyLimit(ConfigLine line)
    {
        const string expected = "write bytes and a time, as in 1G 1h, or default none";
        if (line.Arguments is not ([_] or [_, _]))
            throw Wrong(line, expected);
        long bytes = line.Arguments[0].Equals("default", StringComparison.OrdinalIgnoreCase)
            ? Ssh.Kex.RekeyLimit.Default.Bytes
            : Bytes(line, line.Arguments[0], expected) is > 0 and var wanted ? wanted : Ssh.Kex.RekeyLimit.Default.Bytes;
        TimeSpan interval = line.Arguments.Count < 2 ? Ssh.Kex.RekeyLimit.Default.Interval
            : IsNone(line.Arguments[1]) ? Timeout.InfiniteTimeSpan
            : Time(line, line.Arguments[1]);
        return bytes >= MinRekeyBytes
            ? new(bytes, interval == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : interval)
            : throw Wrong(line, "at least 16 bytes are needed");
    }

    /// <summary>Both arguments of a forward in the form that the options have.</summary>
    internal static string Forward(ConfigLine line, Func<string, ForwardSpec> parse)
    {
        string text = line.Arguments switch
        {
            [var one] => one,
            [var listen, var target] => $"{listen}:{target}",
            _ => throw Wrong(line, "write where to listen and the target, as in 5432 localhost:5432"),
        };
        try
        {
            if (!text.Contains("${", StringComparison.Ordinal))
                _ = parse(text);
            return text;
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword}: {e.Message}", e);
        }
    }

    internal static bool IsNone(string text) => text.Equals("none", StringComparison.OrdinalIgnoreCase);

    internal static ConfigException Wrong(ConfigLine line, string expected) =>
        new(line.Source, $"{line.Keyword} cannot be \"{string.Join(' ', line.Arguments)}\": {expected}");

    /// <summary>The only argument.</summary>
    internal static string Single(ConfigLine line) =>
        line.Arguments is [var only] ? only : throw Wrong(line, "it takes one value; put quotes around blanks");

    /// <summary>Seconds, or numbers with units as in 1h30m, sshd_config(5) TIME FORMATS. What is longer than 24 days is 24 days.</summary>
    internal static TimeSpan Time(ConfigLine line, string text)
    {
        long total = 0;
        long number = -1;
        foreach (char c in text)
        {
            if (char.IsAsciiDigit(c))
            {
                number = (Math.Max(number, 0) * 10) + (c - '0');
            }
            else
            {
                int unit = char.ToLowerInvariant(c) switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, 'w' => 604800, _ => 0 };
                if (number < 0 || unit == 0)
                    throw Unreadable();
                total += number * unit;
                number = -1;
            }
            if (total > int.MaxValue || number > int.MaxValue)
                throw Unreadable();
        }
        total += Math.Max(number, 0);
        return text.Length > 0 && total <= int.MaxValue ? TimeSpan.FromSeconds(Math.Min(total, MaxSeconds)) : throw Unreadable();

        ConfigException Unreadable() => Wrong(line, "write seconds, or a time such as 1m30s");
    }

    /// <summary>A number of bytes, perhaps of K, M or G.</summary>
    internal static long Bytes(ConfigLine line, string text, string expected)
    {
        long unit = text is [.., var last] ? char.ToUpperInvariant(last) switch { 'K' => 1L << 10, 'M' => 1L << 20, 'G' => 1L << 30, _ => 1 } : 1;
        ReadOnlySpan<char> digits = unit == 1 ? text : text.AsSpan(0, text.Length - 1);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= long.MaxValue / unit
            ? number * unit
            : throw Wrong(line, expected);
    }

    private static ChannelTimeout ChannelTimeout(ConfigLine line, string argument)
    {
        const string expected = "write type=time as in direct-tcpip=30m session=1h, or none";
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw Wrong(line, expected);
        string type = argument[..equals];
        // No pattern means it, and to take it for none would leave connections open that were to be closed.
        if (type == "global" && Time(line, argument[(equals + 1)..]) > TimeSpan.Zero)
            throw Wrong(line, "global, a time for all channels together, is not served; write a time for each type, as in *=30m");
        if (Array.Exists(ChannelTypes, known => PatternList.Fits(known, type)) || type.StartsWith("session:subsystem:", StringComparison.Ordinal))
            return new(type, Time(line, argument[(equals + 1)..]));
        throw Wrong(
            line, Spelling.Nearest(type, ChannelTypes) is { } near ? $"there is no channel type \"{type}\", the nearest is {near}" : $"there is no channel type \"{type}\"; {expected}");
    }
}

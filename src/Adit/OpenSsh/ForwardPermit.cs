using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>One entry of <c>permitopen=</c> or <c>permitlisten=</c>: sshd(8), AUTHORIZED_KEYS FILE FORMAT.</summary>
/// <param name="Host">The host, without brackets; <c>*</c> for any.</param>
/// <param name="Port">The port as a number; <c>*</c> for any.</param>
internal readonly record struct ForwardPermit(string Host, string Port)
{
    /// <summary>What a list says alone that permits nothing; an empty one permits all.</summary>
    internal const string None = "none";

    private const string Any = "*";
    private const int MaxHostLength = 1024;
    private const int MaxEntries = 4096;

    private static readonly SearchValues<char> Wildcards = SearchValues.Create("*?");

    /// <summary>Reads <c>host:port</c>, an IPv6 address in brackets.</summary>
    /// <param name="option">The option's name, for messages.</param>
    /// <param name="text">The text.</param>
    /// <param name="mayOmitHost">Whether a port alone stands for any host.</param>
    /// <exception cref="FormatException">It is none.</exception>
    internal static ForwardPermit Parse(string option, string text, bool mayOmitHost)
    {
        string form = mayOmitHost ? "[host:]port" : "host:port";
        bool isBracketed = text.StartsWith('[');
        int colon = isBracketed ? text.IndexOf("]:", StringComparison.Ordinal) + 1 : text.IndexOf(':', StringComparison.Ordinal);
        if (isBracketed ? colon == 0 : colon < 0 && !mayOmitHost)
            throw new FormatException($"{option} needs {form}, with an IPv6 address in brackets");
        string host = colon < 0 ? Any : isBracketed ? text[1..(colon - 1)] : text[..colon];
        if (host.Length is 0 or > MaxHostLength)
            throw new FormatException($"{option} needs {form} with a host of 1 to {MaxHostLength} characters");
        string port = text[(colon + 1)..];
        if (port is Any)
            return new(host, Any);
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0
            ? new(host, number.ToString(CultureInfo.InvariantCulture))
            : throw new FormatException($"{option} needs {form} with a port from 1 to 65535, or * for any");
    }

    /// <summary>What both of two lists permit.</summary>
    /// <param name="option">The option's name, for messages.</param>
    /// <param name="ours">One list; empty for all.</param>
    /// <param name="theirs">The other one.</param>
    /// <param name="patterns">Whether hosts are patterns, as in permitlisten; else only <c>*</c> is one.</param>
    /// <exception cref="FormatException">That cannot be said with a list.</exception>
    internal static ImmutableArray<string> Both(string option, ImmutableArray<string> ours, ImmutableArray<string> theirs, bool patterns)
    {
        if (ours.IsEmpty || theirs.IsEmpty)
            return ours.IsEmpty ? theirs : ours;
        var both = new HashSet<ForwardPermit>();
        ForwardPermit[] others = ParseList(option, theirs);
        foreach (ForwardPermit one in ParseList(option, ours))
        {
            foreach (ForwardPermit other in others)
            {
                if (BothPorts(one.Port, other.Port) is { } port && BothHosts(option, one.Host, other.Host, patterns) is { } host)
                    both.Add(new(host, port));
                if (both.Count > MaxEntries)
                    throw new FormatException($"the two lists of {option} have more than {MaxEntries} entries in common");
            }
        }

        return both.Count == 0 ? [None] : [.. both.Select(static permit => permit.ToString())];
    }

    /// <summary><c>host:port</c>, with brackets where the host has colons.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static ForwardPermit[] ParseList(string option, ImmutableArray<string> list) =>
        list is [None] ? [] : [.. list.Select(text => Parse(option, text, mayOmitHost: false))];

    private static string? BothPorts(string one, string other) => one == Any || one == other ? other : other == Any ? one : null;

    private static string? BothHosts(string option, string one, string other, bool patterns)
    {
        if (one == Any || one == other)
            return other;
        if (other == Any)
            return one;
        if (!patterns)
            return null;
        return (one.AsSpan().ContainsAny(Wildcards), other.AsSpan().ContainsAny(Wildcards)) switch
        {
            (true, true) => throw new FormatException(
                $"which hosts fit both of the {option} patterns {Printable.Text(one)} and {Printable.Text(other)} cannot be said; write one without wildcards"),
            (true, false) => PatternList.Fits(other, one) ? other : null,
            (false, true) => PatternList.Fits(one, other) ? one : null,
            _ => null,
        };
    }
}

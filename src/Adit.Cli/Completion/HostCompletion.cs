using System.Globalization;

namespace Adit.Cli.Completion;

/// <summary>Completes destinations and the targets of forwards.</summary>
internal static class HostCompletion
{
    private const string Scheme = "ssh://";

    /// <summary>A destination: <c>[user@]host</c> or <c>ssh://[user@]host</c>.</summary>
    public static Candidates Destination(string typed, IEnumerable<string> hosts)
    {
        int start = typed.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? Scheme.Length : 0;
        int at = typed.LastIndexOf('@');
        return Candidates.Past(typed, Math.Max(start, at + 1), host => Candidates.Of(host, hosts, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Destinations with commas between them.</summary>
    public static Candidates Jumps(string typed, IEnumerable<string> hosts) => Candidates.InList(typed, one => Destination(one, hosts));

    /// <summary>A forward, <c>[address:]port:host:hostport</c>: the host, and then the port, which often is the same.</summary>
    /// <param name="typed">What is typed.</param>
    /// <param name="hosts">Known names.</param>
    /// <param name="mayBeTarget">Whether a target, <c>host:port</c>, is enough.</param>
    public static Candidates Forward(string typed, IEnumerable<string> hosts, bool mayBeTarget)
    {
        string[] parts = typed.Split(':');
        int last = typed.Length - parts[^1].Length;
        return parts switch
        {
            [var only] when mayBeTarget && !IsPort(only) => Target(typed, hosts),
            [.., var port, _] when IsPort(port) => Candidates.Past(typed, last, host => Target(host, hosts)),
            [.., var port, _, _] when IsPort(port) => Candidates.Past(typed, last, rest => Candidates.Of(rest, [port])),
            _ => Candidates.None,
        };
    }

    /// <summary>The host of <c>host:port</c>.</summary>
    public static Candidates Target(string typed, IEnumerable<string> hosts) =>
        Candidates.Of(typed, hosts.Prepend("localhost").Select(static host => host + ":"), StringComparison.OrdinalIgnoreCase);

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}

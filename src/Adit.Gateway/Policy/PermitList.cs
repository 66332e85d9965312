using System.Collections.Immutable;
using System.Globalization;
using Adit.OpenSsh;

namespace Adit.Gateway.Policy;

/// <summary>PermitOpen and PermitListen, of sshd_config(5) and of a key, with sshd's way of comparing.</summary>
internal static class PermitList
{
    /// <summary>
    /// Whether a target may be opened: the host has to be written as in the list, letter by letter, for nothing is looked up; <c>*</c> stands
    /// for any host, or any port.
    /// </summary>
    public static bool AllowsOpen(ImmutableArray<string> list, string host, int port) => Allows(list, entry =>
        Split(entry) is var (permitted, ports) && (permitted is "*" || permitted == host) && Covers(ports, port));

    /// <summary>Whether a Unix socket may be opened: no entry can name one, so only all of them can be.</summary>
    public static bool AllowsOpenOfSocket(ImmutableArray<string> list) => Allows(list, static entry => entry is "*:*");

    /// <summary>Whether may be listened at: the host is a pattern for what was asked for, in lower case; a port alone means any host.</summary>
    public static bool AllowsListen(ImmutableArray<string> list, string host, int port) => Allows(list, entry =>
        Split(entry) is var (pattern, ports)
        && (pattern.Length == 0 || PatternList.Fits(host.ToLowerInvariant(), pattern))
        && Covers(ports, port));

    private static bool Allows(ImmutableArray<string> list, Func<string, bool> fits)
    {
        if (list.IsDefaultOrEmpty || list is ["any"])
            return true;
        return list is not ["none"] && list.Any(fits);
    }

    private static (string Host, string Port) Split(string entry)
    {
        int colon = entry.LastIndexOf(':');
        string host = colon < 0 ? string.Empty : entry[..colon];
        return (host is ['[', .. var inner, ']'] ? inner : host, entry[(colon + 1)..]);
    }

    private static bool Covers(string ports, int port) =>
        ports is "*" || (int.TryParse(ports, NumberStyles.None, CultureInfo.InvariantCulture, out int one) && one == port);
}

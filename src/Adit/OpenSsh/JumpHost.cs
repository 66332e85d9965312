using System.Collections.Immutable;
using System.Globalization;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>A host on the way, ssh_config(5) ProxyJump.</summary>
/// <param name="User">Null where it was not written: the configuration of that host says it.</param>
/// <param name="Host">A name of the configuration or an address, without brackets.</param>
/// <param name="Port">Null where it was not written.</param>
internal sealed record JumpHost(string? User, string Host, int? Port)
{
    private const int MostHops = 32;
    private const string Form = "write [user@]host[:port] or ssh://[user@]host[:port], with commas between several, or none";

    /// <summary>Reads a list of hosts, in the order of the way; empty for <c>none</c>.</summary>
    /// <exception cref="FormatException">It is none; the message says what is expected.</exception>
    internal static ImmutableArray<JumpHost> ParseList(string text)
    {
        if (KeywordValue.IsNone(text))
            return [];
        string[] hops = text.Split(',');
        return hops.Length <= MostHops
            ? [.. hops.Select(ParseOne)]
            : throw new FormatException($"there are more than {MostHops.ToString(CultureInfo.InvariantCulture)} hosts on the way");
    }

    /// <summary>The host as ssh -G writes it.</summary>
    public override string ToString()
    {
        bool isAddress = Host.Contains(':', StringComparison.Ordinal) || Host.All(c => char.IsAsciiDigit(c) || c == '.');
        return (User is null ? "" : User + "@") + (isAddress ? $"[{Host}]" : Host)
            + (Port is { } port ? string.Create(CultureInfo.InvariantCulture, $":{port}") : "");
    }

    private static JumpHost ParseOne(string written)
    {
        const string scheme = "ssh://";
        bool isUri = written.StartsWith(scheme, StringComparison.OrdinalIgnoreCase);
        string text = isUri ? written[scheme.Length..] : written;
        if (isUri && text.EndsWith('/'))
            text = text[..^1];
        int at = text.LastIndexOf('@');
        string? user = at < 0 ? null : text[..at];
        if (isUri && user is not null)
            user = Uri.UnescapeDataString(user.Split(';')[0]);
        string host = text[(at + 1)..];
        int? port = null;
        int colon = host.LastIndexOf(':');
        // More than one colon without brackets is an IPv6 address alone.
        if (colon >= 0 && (host.StartsWith('[') ? colon > host.LastIndexOf(']') : host.IndexOf(':', StringComparison.Ordinal) == colon))
        {
            port = ushort.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0
                ? number
                : throw Wrong(written, $"\"{host[(colon + 1)..]}\" is not a port from 1 to 65535");
            host = host[..colon];
        }
        if (host is ['[', .. var inner, ']'])
            host = inner;
        if (!DestinationName.IsHost(host) || host.Length > Endpoint.MaxHostLength || host.AsSpan().ContainsAny("/[]@"))
            throw Wrong(written, $"\"{host}\" is not a host");
        return user is null || DestinationName.IsUser(user) ? new(user, host, port) : throw Wrong(written, $"\"{user}\" is not a user");
    }

    private static FormatException Wrong(string text, string why) => new($"\"{text}\" is not a host on the way: {why}; {Form}");
}

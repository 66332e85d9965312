using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.OpenSsh;
using Adit.Relay;

namespace Adit.Gateway.Configuration;

/// <summary>Where to listen: ListenAddress, Port and AddressFamily together.</summary>
internal static class ListenAddress
{
    /// <summary>Most ports, and most addresses with all their ports.</summary>
    private const int MostPorts = 256;

    private const string Expected = "write an address such as 192.0.2.7, 192.0.2.7:22, ::1 or [::1]:22; 0.0.0.0 or :: for all";

    /// <summary>Reads the value of ListenAddress; the port is null where Port says it.</summary>
    /// <exception cref="ConfigException">It is no address.</exception>
    internal static (string Host, int? Port) Read(ConfigLine line)
    {
        if (line.Arguments is [_, var word, ..] && word.Equals("rdomain", StringComparison.OrdinalIgnoreCase))
            throw KeywordValue.Wrong(line, "routing domains are not served");
        string text = KeywordValue.Text(line);
        // The resolver of some systems takes * for loopback, and sshd listens where the resolver says.
        if (text is "*" || text.StartsWith("*:", StringComparison.Ordinal))
            throw KeywordValue.Wrong(line, Expected);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        bool isBareV6 = !text.StartsWith('[') && colon >= 0 && text.IndexOf(':', colon + 1) >= 0;
        int? port = null;
        string host = text;
        if (!isBareV6)
        {
            int end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) + 1 : colon < 0 ? text.Length : colon;
            host = text[..end];
            if (host is ['[', .. var inner, ']'])
                host = inner;
            if (end < text.Length)
                port = text[end] == ':' ? Port(line, text[(end + 1)..]) : throw KeywordValue.Wrong(line, Expected);
        }
        try
        {
            _ = Endpoint.Tcp(host, port ?? 0);
            return (host, port);
        }
        catch (FormatException e)
        {
            throw new ConfigException(line.Source, $"{line.Keyword} cannot be \"{text}\": {e.Message}; {Expected}", e);
        }
    }

    /// <summary>The ports that addresses without one have.</summary>
    internal static ImmutableArray<int> Ports(GatewayValues values) =>
        values.Ports.Values is { Count: > 0 } ports ? [.. ports.Select(port => port.Value)] : [22];

    /// <summary>Every address with each of its ports.</summary>
    /// <exception cref="ConfigException">There are too many, or AddressFamily leaves nothing of one.</exception>
    internal static ImmutableArray<(string Host, int Port)> All(GatewayValues values)
    {
        ImmutableArray<int> ports = Ports(values);
        AddressFamily family = values.AddressFamily.Or(AddressFamily.Unspecified);
        List<(string Host, int Port)> all = [];
        if (values.ListenAddresses.Values.Count == 0)
            all.AddRange(ports.Select(port => ("*", port)));
        foreach (((string host, int? port), ConfigSource source) in values.ListenAddresses.Values)
        {
            if (family != AddressFamily.Unspecified && IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily != family)
                throw new ConfigException(source, $"ListenAddress cannot be \"{host}\": AddressFamily {Name(family)} excludes it");
            all.AddRange(port is { } own ? [(host, own)] : ports.Select(each => (host, each)));
            Limit(all.Count, source);
        }
        Limit(ports.Length, values.Ports.Values is [.., var last] ? last.Source : ConfigSource.Default);
        return [.. all];
    }

    /// <summary>The family as AddressFamily has it.</summary>
    internal static string Name(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => "inet",
        AddressFamily.InterNetworkV6 => "inet6",
        _ => "any",
    };

    private static void Limit(int count, ConfigSource source)
    {
        if (count > MostPorts)
            throw new ConfigException(source, "these are more than 256 ports to listen on");
    }

    private static int Port(ConfigLine line, string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0
            ? port
            : throw KeywordValue.Wrong(line, Expected);
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>
/// One rule of AditPermitOpen or AditPermitListen: <c>db.example.com:5432</c>, <c>*.example.com:5432-5439</c>, <c>10.0.0.0/8:*</c>,
/// <c>[2001:db8::/32]:5432</c>, <c>/run/postgresql/*</c>, each with <c>!</c> in front to forbid. Immutable.
/// </summary>
internal sealed class EndpointRule
{
    private readonly string? _name;
    private readonly IPNetwork? _block;
    private readonly string? _path;
    private readonly PortRange _ports;

    private EndpointRule(string text, bool forbids, string? name, IPNetwork? block, string? path, PortRange ports)
    {
        Text = text;
        Forbids = forbids;
        _name = name;
        _block = block;
        _path = path;
        _ports = ports;
    }

    /// <summary>The rule as written.</summary>
    public string Text { get; }

    /// <summary>Whether what it fits is forbidden.</summary>
    public bool Forbids { get; }

    /// <summary>Whether it is about an address, and not about a name or a socket.</summary>
    public bool IsAboutAddress => _block is not null;

    /// <exception cref="FormatException">The text is no rule; the message says why.</exception>
    public static EndpointRule Parse(string text)
    {
        bool forbids = text.StartsWith('!');
        string body = forbids ? text[1..] : text;
        if (body.StartsWith('/'))
            return new(text, forbids, null, null, body, PortRange.All);
        int colon = body.LastIndexOf(':');
        if (colon <= 0)
            throw new FormatException($"\"{text}\" is no rule: write host:port, address/bits:port or the path of a socket");
        PortRange ports = PortRange.Parse(body.AsSpan(colon + 1));
        string host = body[..colon];
        if (host is ['[', .. var inner, ']'])
            host = inner;
        else if (host.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"\"{text}\" is no rule: write an IPv6 address in brackets");
        if (!host.Contains('/', StringComparison.Ordinal) && !IPAddress.TryParse(host, out _))
            return new(text, forbids, Name(host), null, null, ports);
        return new(text, forbids, null, Block(host), null, ports);
    }

    /// <summary>Whether the rule is about this name (or address, as text) and port.</summary>
    public bool FitsName(string host, int port) => _name is not null && _ports.Contains(port) && PatternList.Fits(Name(host), _name);

    /// <summary>Whether the rule is about this address and port.</summary>
    public bool FitsAddress(IPAddress address, int port) => _block is { } block && _ports.Contains(port) && block.Contains(address);

    /// <summary>Whether the rule is about an address of this family, with this port.</summary>
    public bool FitsSomeAddress(AddressFamily family, int port) => _block is { } block && _ports.Contains(port) && block.BaseAddress.AddressFamily == family;

    /// <summary>Whether the rule is about this socket.</summary>
    public bool FitsPath(string path) => _path is not null && PatternList.Fits(path, _path);

    // The name of a host is the same with the dot of the root behind it, and in capitals.
    private static string Name(string host) => host.TrimEnd('.').ToLowerInvariant();

    private static IPNetwork Block(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out IPAddress? address) || (address.AddressFamily is AddressFamily.InterNetwork && parts[0].Count(static c => c == '.') != 3))
            throw new FormatException($"\"{text}\" is no address: write it in full, as in 10.0.0.1 or 10.0.0.0/8");
        int longest = address.GetAddressBytes().Length * 8;
        int bits = longest;
        if (parts.Length == 2 && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > longest))
            throw new FormatException($"\"{text}\" is no block of addresses: write 0 to {longest} bits behind the slash");

        // Addresses are judged as IPv4 where they are that.
        if (address.IsIPv4MappedToIPv6 && bits >= longest - 32)
            (address, bits) = (address.MapToIPv4(), bits - (longest - 32));
        IPNetwork block = new(address, bits);
        return block.BaseAddress.Equals(address)
            ? block
            : throw new FormatException($"\"{text}\" is no block of addresses: write it as in 10.0.0.0/8, with no bits set behind the first 8");
    }
}

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Adit.Relay;

/// <summary>Where a connection goes or comes in: a TCP host and port, or a Unix socket. Immutable.</summary>
/// <remarks>Written as <c>localhost:5432</c>, <c>[::1]:5432</c>, <c>/run/x.sock</c>, or <c>@name</c> for Linux's abstract names.</remarks>
public sealed record Endpoint
{
    /// <summary>The longest host name that is accepted, in characters (RFC 1035 section 2.3.4 has 255 octets).</summary>
    public const int MaxHostLength = 255;

    /// <summary>The longest socket path that is accepted, in characters. A system may allow less (Linux: 107 bytes).</summary>
    public const int MaxPathLength = 1024;

    private static readonly SearchValues<char> NeverInHost = SearchValues.Create(" \t\r\n\0/\\[]@\"'");

    private Endpoint(string? host, int port, string? path)
    {
        Host = host;
        Port = port;
        Path = path;
    }

    /// <summary>The name or address (IPv6 without brackets) of a TCP endpoint; null for a Unix socket.</summary>
    public string? Host { get; }

    /// <summary>The TCP port, 0 to 65535; 0 where a listener may choose, and for a Unix socket.</summary>
    public int Port { get; }

    /// <summary>The path of a Unix socket, or <c>@name</c> for an abstract one; null for TCP.</summary>
    public string? Path { get; }

    /// <summary>Whether this is a Unix socket.</summary>
    [MemberNotNullWhen(true, nameof(Path))]
    [MemberNotNullWhen(false, nameof(Host))]
    public bool IsUnix => Path is not null;

    /// <summary>A TCP endpoint.</summary>
    /// <param name="host">A name, or an address without brackets.</param>
    /// <param name="port">0 to 65535.</param>
    /// <exception cref="FormatException">The host cannot be one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of range.</exception>
    public static Endpoint Tcp(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        if (host.Length is 0 or > MaxHostLength || host.AsSpan().ContainsAny(NeverInHost) || host.Any(char.IsControl))
            throw new FormatException($"\"{host}\" is not a host name or address");
        if (host.Contains(':', StringComparison.Ordinal) && !IPAddress.TryParse(host, out _))
            throw new FormatException($"\"{host}\" is not an IPv6 address");
        return new(host, port, null);
    }

    /// <summary>A TCP endpoint at an address.</summary>
    public static Endpoint Tcp(IPEndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new(Unmapped(address.Address).ToString(), address.Port, null);
    }

    /// <summary>A Unix socket.</summary>
    /// <param name="path">An absolute or relative path, or <c>@name</c> for an abstract name.</param>
    /// <exception cref="FormatException">The path cannot be one.</exception>
    public static Endpoint Unix(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length is 0 or > MaxPathLength || path is "@" || path.Contains('\0', StringComparison.Ordinal))
            throw new FormatException($"\"{path}\" is not the path of a socket");
        return new(null, 0, path);
    }

    /// <summary>Reads the form that <see cref="ToString"/> writes. A text with a slash, or with @ in front, is a Unix socket.</summary>
    /// <exception cref="FormatException">The text is not an endpoint; the message says why.</exception>
    public static Endpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith('@') || text.Contains('/', StringComparison.Ordinal))
            return Unix(text);
        int colon = text.LastIndexOf(':');
        if (colon <= 0)
            throw new FormatException($"\"{text}\" is not an endpoint; write host:port, [address]:port or the path of a socket");
        string host = text[..colon];
        if (host is ['[', .. var inner, ']'])
            host = inner.Contains(':', StringComparison.Ordinal) ? inner : throw new FormatException($"\"{inner}\" is not an IPv6 address");
        else if (host.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"\"{text}\" is not an endpoint; write an IPv6 address in brackets, as in [::1]:5432");
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw new FormatException($"\"{text[(colon + 1)..]}\" is not a port; write a number from 0 to 65535");
        return Tcp(host, port);
    }

    /// <summary>As <see cref="Parse"/>, without an exception.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Endpoint? endpoint)
    {
        endpoint = null;
        if (text is null)
            return false;
        try
        {
            endpoint = Parse(text);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>The endpoint as people write it.</summary>
    public override string ToString() =>
        IsUnix ? Path
        : Host.Contains(':', StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    internal static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}

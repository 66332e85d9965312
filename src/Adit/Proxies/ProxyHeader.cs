using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Relay;

namespace Adit.Proxies;

/// <summary>The versions of the PROXY protocol.</summary>
internal enum ProxyHeaderVersion
{
    /// <summary>One line of text.</summary>
    Text = 1,

    /// <summary>Binary.</summary>
    Binary = 2,
}

/// <summary>
/// What a target is told of who began a connection before the connection's own bytes: haproxy's "The PROXY protocol", versions 1 and 2. Where
/// not both ends are TCP addresses of one family, the header says that the origin is unknown.
/// </summary>
internal static class ProxyHeader
{
    /// <summary>The most bytes of a header that is written here: the line of version 1 over IPv6.</summary>
    public const int MaxBytes = 107;

    private const byte VersionAndProxy = 0x21;
    private const byte Unspecified = 0x00;
    private const byte TcpOverIpv4 = 0x11;
    private const byte TcpOverIpv6 = 0x21;
    private const int FixedBytes = 16;

    private static ReadOnlySpan<byte> Signature => [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

    /// <summary>Writes a header.</summary>
    /// <param name="destination">Where to; <see cref="MaxBytes"/> are enough.</param>
    /// <param name="version">The version.</param>
    /// <param name="origin">Who began the connection.</param>
    /// <param name="local">The end at which it came in; null if not known.</param>
    /// <returns>How many bytes were written.</returns>
    /// <exception cref="ArgumentException">There is not enough room.</exception>
    public static int Write(Span<byte> destination, ProxyHeaderVersion version, ConnectionOrigin origin, Endpoint? local)
    {
        ArgumentNullException.ThrowIfNull(origin);
        IPAddress? from = Address(origin.Address);
        IPAddress? to = Address(local?.Host);
        if (from is null || to is null || from.AddressFamily != to.AddressFamily)
            from = to = null;
        (IPAddress, IPAddress)? ends = from is null || to is null ? null : (from, to);
        return version == ProxyHeaderVersion.Text
            ? WriteText(destination, ends, origin.Port, local?.Port ?? 0)
            : WriteBinary(destination, ends, origin.Port, local?.Port ?? 0);
    }

    private static int WriteText(Span<byte> destination, (IPAddress From, IPAddress To)? ends, int fromPort, int toPort)
    {
        string line = ends is not var (from, to) ? "PROXY UNKNOWN\r\n" : string.Create(CultureInfo.InvariantCulture,
            $"PROXY {(from.AddressFamily == AddressFamily.InterNetwork ? "TCP4" : "TCP6")} {Text(from)} {Text(to)} {fromPort} {toPort}\r\n");
        return Encoding.ASCII.GetBytes(line, destination);
    }

    private static int WriteBinary(Span<byte> destination, (IPAddress From, IPAddress To)? ends, int fromPort, int toPort)
    {
        byte[] addresses = [];
        byte family = Unspecified;
        if (ends is var (from, to))
        {
            addresses = [.. from.GetAddressBytes(), .. to.GetAddressBytes(), (byte)(fromPort >> 8), (byte)fromPort, (byte)(toPort >> 8), (byte)toPort];
            family = from.AddressFamily == AddressFamily.InterNetwork ? TcpOverIpv4 : TcpOverIpv6;
        }
        byte[] header = [.. Signature, VersionAndProxy, family, 0, 0, .. addresses];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(FixedBytes - sizeof(ushort)), (ushort)addresses.Length);
        header.CopyTo(destination);
        return header.Length;
    }

    // .NET ends some addresses of IPv6 with dotted numbers, which the line has no room for.
    private static string Text(IPAddress address)
    {
        string text = address.ToString();
        if (address.AddressFamily == AddressFamily.InterNetwork || !text.Contains('.', StringComparison.Ordinal))
            return text;
        return string.Join(':', address.GetAddressBytes().Chunk(2).Select(static pair => ((pair[0] << 8) | pair[1]).ToString("x", CultureInfo.InvariantCulture)));
    }

    // Without the zone of an IPv6 address, which means nothing elsewhere.
    private static IPAddress? Address(string? text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? Endpoint.Unmapped(new IPAddress(address.GetAddressBytes())) : null;
}

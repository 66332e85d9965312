using System.Globalization;
using System.Net;

namespace Adit.Relay;

/// <summary>
/// Who began a connection, as a dialer passes it on (the originator address and port of RFC 4254 section 7.2). Immutable plain data.
/// </summary>
/// <param name="Address">The IP address of the peer in text, or the path of the Unix socket on which it came in.</param>
/// <param name="Port">The peer's port; 0 where there is none.</param>
internal sealed record ConnectionOrigin(string Address, int Port)
{
    /// <summary>The subject of the certificate by which the peer was let in; null where there is none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The subject of its issuer; null where there is none.</summary>
    public string? CertificateIssuer { get; init; }

    /// <summary>Whether the peer is let on only to where those go whose certificate is not accepted.</summary>
    public bool IsRedirected { get; init; }

    /// <summary>The name of the service that the peer asked for, where its listener has several; else empty.</summary>
    public string Service { get; init; } = string.Empty;

    /// <summary>The origin of what this program itself begins, without a listener: 127.0.0.1, port 0.</summary>
    public static ConnectionOrigin ThisProcess { get; } = new("127.0.0.1", 0);

    /// <summary>The end of this machine at which the connection came in, for a dialer that passes it on; null where nobody noted it.</summary>
    public Endpoint? Local { get; init; }

    /// <summary>The origin of a peer at a TCP address; an IPv4 address mapped into IPv6 is written as IPv4.</summary>
    public static ConnectionOrigin From(IPEndPoint peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return new(Endpoint.Unmapped(peer.Address).ToString(), peer.Port);
    }

    /// <summary>The connection itself, for a dialer and a taker of events that go with its listener; null where it did not note it.</summary>
    public IncomingConnection? Connection { get; init; }

    /// <summary>The origin as <c>address:port</c>, <c>[address]:port</c> or a path.</summary>
    public override string ToString() =>
        Port == 0 ? Address
        : Address.Contains(':', StringComparison.Ordinal) ? string.Create(CultureInfo.InvariantCulture, $"[{Address}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Address}:{Port}");
}

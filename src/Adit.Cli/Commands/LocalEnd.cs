using System.Globalization;
using System.Net;
using Adit.Client;
using Adit.Relay;

namespace Adit.Cli.Commands;

/// <summary>Where a command reaches one forward.</summary>
/// <param name="Host">An address of this machine.</param>
/// <param name="Port">The port.</param>
/// <param name="Kind">What is there.</param>
/// <param name="IsProtectedBeyond">Whether TLS is spoken from here on, and not by the command.</param>
internal readonly record struct LocalEnd(string Host, int Port, ServiceKind Kind, bool IsProtectedBeyond = false)
{
    /// <summary>Host and port as a URL has them.</summary>
    public string Authority =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");

    /// <summary>The ends of a tunnel's forwards, in the order in which they were asked for.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="isPostgres">Whether all of them lead to PostgreSQL, whatever their ports.</param>
    public static IReadOnlyList<LocalEnd> Of(Tunnel tunnel, bool isPostgres) =>
    [
        .. tunnel.Forwards
            .Where(static forward => forward is LocalTunnelForward { Spec: { IsDynamic: false, Listen.Path: null } })
            .Select(forward => Of(forward.Endpoints, isPostgres ? ServiceKind.Postgres : ServiceKinds.Of(forward.Spec.Target)) with { IsProtectedBeyond = forward is LocalTunnelForward { IsProtected: true } }),
    ];

    // IPv4 where there is both, since a program may know only that.
    private static LocalEnd Of(IReadOnlyList<Endpoint> bound, ServiceKind kind)
    {
        Endpoint end = bound.FirstOrDefault(static end => IsIPv4(end.Host)) ?? bound[0];
        string host = IPAddress.TryParse(end.Host, out IPAddress? address)
            ? address.Equals(IPAddress.Any) ? IPAddress.Loopback.ToString()
            : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback.ToString()
            : address.ToString()
            : end.Host ?? string.Empty;
        return new(host, end.Port, kind);
    }

    private static bool IsIPv4(string? host) =>
        IPAddress.TryParse(host, out IPAddress? address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
}

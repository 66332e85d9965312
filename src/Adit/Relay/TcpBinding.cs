using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Adit.Relay;

/// <summary>Binds one port on every address of a request, or on none.</summary>
internal static class TcpBinding
{
    // RFC 6335 section 6: the dynamic ports.
    internal const int FirstDynamicPort = 49152;

    private const int MaxDynamicAttempts = 64;
    private const int MaxSystemAttempts = 16;
    private const int FirstUnprivilegedPort = 1024;

    internal static async ValueTask<Socket[]> BindAsync(ListenSpec spec, LocalListenerOptions options, CancellationToken cancellationToken)
    {
        (IPAddress[] addresses, bool missingAllowed) = await AddressesAsync(spec, options, cancellationToken).ConfigureAwait(false);
        if (addresses.Length > 1 && options.AddressFamily is not AddressFamily.Unspecified)
            addresses = Array.FindAll(addresses, address => address.AddressFamily == options.AddressFamily);
        if (spec.Port != 0)
            return BindAll(spec, addresses, missingAllowed, spec.Port, options);

        for (int attempt = 1; ; attempt++)
        {
            // Where the dynamic ports are crowded, the system knows a free one; it holds for one address, the others may still be taken.
            int port = attempt <= MaxDynamicAttempts ? RandomNumberGenerator.GetInt32(FirstDynamicPort, IPEndPoint.MaxPort + 1) : 0;
            try
            {
                return BindAll(spec, addresses, missingAllowed, port, options);
            }
            catch (ListenException e) when (e.Failure == ListenFailure.InUse)
            {
                if (attempt == MaxDynamicAttempts + MaxSystemAttempts)
                    throw new ListenException(spec.ToString(), ListenFailure.InUse, "no port is free on all of its addresses", e);
            }
        }
    }

    /// <summary>The system's word on a bind that failed, for people.</summary>
    internal static ListenException Failed(IPEndPoint end, SocketException e, bool nameHolder)
    {
        string name = Endpoint.Tcp(end).ToString();
        switch (e.SocketErrorCode)
        {
            case SocketError.AddressAlreadyInUse:
                PortHolder? holder = nameHolder ? PortHolder.Find(end) : null;
                string who = holder switch
                {
                    null => "the port is in use, and who holds it cannot be seen from here",
                    { Address: { } theirs } when theirs == Endpoint.Tcp(end) => $"the port is held by {holder}",
                    _ => $"the port is held on {holder.Address} by {holder}",
                };
                return new(name, ListenFailure.InUse, who + "; choose another port or stop that program", e) { Holder = holder };
            case SocketError.AccessDenied when end.Port < UnprivilegedFrom():
                string below = UnprivilegedFrom().ToString(CultureInfo.InvariantCulture);
                return new(name, ListenFailure.PrivilegedPort,
                    $"ports below {below} need root or CAP_NET_BIND_SERVICE; choose a port from {below} up", e);
            case SocketError.AddressNotAvailable:
                return new(name, ListenFailure.NoSuchAddress, "the address is none of this machine", e);
            default:
                return new(name, ListenFailure.Other, SocketFailure.Describe(e), e);
        }
    }

    private static async ValueTask<(IPAddress[] Addresses, bool MissingAllowed)> AddressesAsync(
        ListenSpec spec, LocalListenerOptions options, CancellationToken cancellationToken)
    {
        switch (spec.BindAddress)
        {
            case null:
            case { } name when name.Equals("localhost", StringComparison.OrdinalIgnoreCase):
                // Not resolved: what "localhost" means must not depend on a file or a name server.
                return ([IPAddress.Loopback, IPAddress.IPv6Loopback], true);
            case "" or "*":
                return ([IPAddress.Any, IPAddress.IPv6Any], true);
            case { } text when IPAddress.TryParse(text, out IPAddress? address):
                return ([Endpoint.Unmapped(address)], false);
            case { } name:
                try
                {
                    IPAddress[] found = await options.Resolve(name, cancellationToken)
                        .WaitAsync(cancellationToken).ConfigureAwait(false);
                    return ([.. found.Select(Endpoint.Unmapped).Distinct()], false);
                }
                catch (SocketException e)
                {
                    throw new ListenException(spec.ToString(), ListenFailure.NoSuchAddress, SocketFailure.Describe(e), e);
                }
        }
    }

    private static Socket[] BindAll(ListenSpec spec, IPAddress[] addresses, bool missingAllowed, int port, LocalListenerOptions options)
    {
        List<Socket> sockets = new(addresses.Length);
        try
        {
            foreach (IPAddress address in addresses)
            {
                IPEndPoint end = new(address, port);
                if ((missingAllowed && !Has(address.AddressFamily)) || sockets.Exists(socket => InheritedSockets.Covers(socket, end)))
                    continue;
                if (spec.Port != 0 && options.Inherited?.Claim(end) is { } inherited)
                {
                    sockets.Add(inherited);
                    continue;
                }
                try
                {
                    sockets.Add(Listen(end, options.Backlog, nameHolder: spec.Port != 0));
                }
                catch (ListenException e) when (missingAllowed && e.Failure == ListenFailure.NoSuchAddress)
                {
                    // A kernel that knows IPv6 may have it switched off on every interface; there is then no such loopback.
                    continue;
                }
                port = ((IPEndPoint)sockets[^1].LocalEndPoint!).Port;
            }
            return sockets.Count > 0
                ? [.. sockets]
                : throw new ListenException(spec.ToString(), ListenFailure.NoSuchAddress, "the machine has no such address");
        }
        catch
        {
            foreach (Socket socket in sockets)
                socket.Dispose();
            throw;
        }
    }

    private static Socket Listen(IPEndPoint end, int backlog, bool nameHolder)
    {
        Socket? socket = null;
        try
        {
            socket = new(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (end.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            // .NET sets SO_REUSEADDR on Linux: connections in TIME_WAIT do not keep a port. A listener still does, though at times
            // it is not the bind but the listen that says so.
            socket.Bind(end);
            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw Failed(end, e, nameHolder);
        }
    }

    private static bool Has(AddressFamily family) =>
        family == AddressFamily.InterNetwork ? Socket.OSSupportsIPv4 : Socket.OSSupportsIPv6;

    private static int UnprivilegedFrom()
    {
        const string Setting = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
        try
        {
            return OperatingSystem.IsLinux()
                && int.TryParse(File.ReadAllText(Setting), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int from)
                    ? from
                    : FirstUnprivilegedPort;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FirstUnprivilegedPort;
        }
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Adit.Tests.Shared;

/// <summary>TCP ports for tests that have to know one before it is listened on.</summary>
internal static class FreePort
{
    // Below the range from which the kernel takes ports of its own for connections and for port 0, where a port that is free now may be
    // somebody's before it is bound. Each process begins elsewhere, and hands out no port twice.
    private const int First = 10_000;
    private static readonly int Count = FirstEphemeral - First;
    private static int _last = Environment.ProcessId * 97;

    private static int FirstEphemeral =>
        int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t')[0], CultureInfo.InvariantCulture);

    /// <summary>A port that is free on 127.0.0.1 and ::1, and that nobody else takes by chance.</summary>
    public static int Next()
    {
        for (int tries = 0; tries < Count; tries++)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _last) % (uint)Count);
            if (CanBind(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanBind(IPAddress.IPv6Loopback, port)))
                return port;
        }

        throw new InvalidOperationException($"none of the ports {First} to {First + Count - 1} is free");
    }

    private static bool CanBind(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
        {
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable)
        {
            return true;
        }
    }
}

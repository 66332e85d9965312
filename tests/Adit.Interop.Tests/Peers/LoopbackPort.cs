using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Adit.Interop.Tests.Peers;

/// <summary>Looks at TCP ports the way the kernel lists them, without making a connection that a tunnel would notice.</summary>
internal static class LoopbackPort
{
    // TCP_LISTEN
    private const string Listening = "0A";

    /// <summary>Ports below this one are for root; 0 where everyone may have every port.</summary>
    public static int FirstUnprivileged { get; } =
        int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start"), CultureInfo.InvariantCulture);

    /// <summary>A port free on 127.0.0.1 and ::1 a moment ago.</summary>
    public static int Free()
    {
        while (true)
        {
            using var four = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            four.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)four.LocalEndPoint!).Port;
            if (!Socket.OSSupportsIPv6)
                return port;
            using var six = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                six.Bind(new IPEndPoint(IPAddress.IPv6Loopback, port));
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                continue;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressNotAvailable)
            {
                return port;
            }
        }
    }

    /// <summary>The local addresses on which something listens at this port.</summary>
    public static IReadOnlyList<IPAddress> Listeners(int port) =>
        [.. Rows("/proc/net/tcp").Concat(Rows("/proc/net/tcp6"))
            .Where(row => row.State is Listening && row.Local.Port == port)
            .Select(static row => row.Local.Address)];

    public static bool IsListening(int port) => Listeners(port).Count > 0;

    public static async Task UntilListeningAsync(int port, ChildProcess by)
    {
        await Patience.UntilAsync(() => by.HasExited || IsListening(port), $"{by.Name} should listen on port {port}", () => by.Log);
        Assert.True(IsListening(port), $"{by.Name} ended and does not listen on port {port}\n{by.Log}");
    }

    public static Task UntilClosedAsync(int port, Func<string>? evidence = null) =>
        Patience.UntilAsync(() => !IsListening(port), $"nothing should listen on port {port} any more", evidence);

    /// <summary>True when a connection is refused, as by a port on which nobody listens.</summary>
    public static async Task<bool> RefusesAsync(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, port).WithinAsync($"a connection to {address} port {port} should be answered");
            return false;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused)
        {
            return true;
        }
    }

    private static IEnumerable<(IPEndPoint Local, string State)> Rows(string path)
    {
        if (!File.Exists(path))
            yield break;
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var colon = fields[1].IndexOf(':', StringComparison.Ordinal);
            yield return (
                new IPEndPoint(Address(fields[1].AsSpan(0, colon)), int.Parse(fields[1].AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
                fields[3]);
        }
    }

    // proc_pid_net(5): groups of four bytes, each group in the byte order of the machine.
    private static IPAddress Address(ReadOnlySpan<char> hex)
    {
        var bytes = Convert.FromHexString(hex);
        if (BitConverter.IsLittleEndian)
        {
            for (var i = 0; i < bytes.Length; i += 4)
                bytes.AsSpan(i, 4).Reverse();
        }
        return new IPAddress(bytes);
    }
}

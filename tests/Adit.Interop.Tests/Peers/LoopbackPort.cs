using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Tests.Shared;

namespace Adit.Interop.Tests.Peers;

/// <summary>Looks at TCP ports the way the kernel lists them, without making a connection that a tunnel would notice.</summary>
internal static class LoopbackPort
{
    // TCP_LISTEN, TCP_ESTABLISHED
    private const string Listening = "0A";
    private const string Established = "01";

    /// <summary>Ports below this one are for root; 0 where everyone may have every port.</summary>
    public static int FirstUnprivileged { get; } =
        int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start"), CultureInfo.InvariantCulture);

    /// <summary>A port that is free on 127.0.0.1 and ::1, and that nobody else takes by chance.</summary>
    public static int Free() => FreePort.Next();

    /// <summary>The local addresses on which something listens at this port.</summary>
    public static IReadOnlyList<IPAddress> Listeners(int port) =>
        [.. Sockets().Where(row => row.State is Listening && row.Local.Port == port).Select(static row => row.Local.Address)];

    /// <summary>The process that listens at this port.</summary>
    public static ProcessEntry Listener(int port)
    {
        var inodes = Sockets().Where(row => row.State is Listening && row.Local.Port == port).Select(static row => row.Inode).ToHashSet(StringComparer.Ordinal);
        return ProcessTree.All().Single(entry => ProcessTree.SocketsOf(entry.Pid).Any(inodes.Contains));
    }

    /// <summary>The ports at which a process listens, on whatever address.</summary>
    public static IReadOnlyList<int> ListenersOf(int pid)
    {
        var inodes = ProcessTree.SocketsOf(pid).ToHashSet(StringComparer.Ordinal);
        return [.. Sockets().Where(row => row.State is Listening && inodes.Contains(row.Inode)).Select(static row => row.Local.Port)];
    }

    /// <summary>The far ends of all TCP connections that a process has made or taken.</summary>
    public static IReadOnlyList<IPEndPoint> ConnectionsOf(int pid)
    {
        var inodes = ProcessTree.SocketsOf(pid).ToHashSet(StringComparer.Ordinal);
        return [.. Sockets().Where(row => row.State is Established && inodes.Contains(row.Inode)).Select(static row => row.Remote)];
    }

    public static bool IsListening(int port) => Listeners(port).Count > 0;

    /// <summary>Waits until it listens with IPv4, where 127.0.0.1 leads, or with the family named: of several addresses, others may come first.</summary>
    public static async Task UntilListeningAsync(int port, ChildProcess by, AddressFamily family = AddressFamily.InterNetwork)
    {
        await Patience.UntilAsync(() => by.HasExited || IsListening(), $"{by.Name} should listen on port {port}", () => by.Log);
        Assert.True(IsListening(), $"{by.Name} ended and does not listen on port {port}\n{by.Log}");

        bool IsListening() => Listeners(port).Any(address => address.AddressFamily == family || address.Equals(IPAddress.IPv6Any));
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

    private static IEnumerable<TcpSocket> Sockets() => Rows("/proc/net/tcp").Concat(Rows("/proc/net/tcp6"));

    private static IEnumerable<TcpSocket> Rows(string path)
    {
        if (!File.Exists(path))
            yield break;
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            yield return new(EndPoint(fields[1]), EndPoint(fields[2]), fields[3], fields[9]);
        }
    }

    private static IPEndPoint EndPoint(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        return new(Address(field.AsSpan(0, colon)), int.Parse(field.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
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

    private readonly record struct TcpSocket(IPEndPoint Local, IPEndPoint Remote, string State, string Inode);
}

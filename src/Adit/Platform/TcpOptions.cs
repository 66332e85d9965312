using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Adit.Platform;

/// <summary>
/// The options of Linux's tcp(7) that .NET has no name for. On what is no TCP socket, or closed, or on another system, nothing is done: whoever
/// reads or writes next is told.
/// </summary>
internal static class TcpOptions
{
    private const int Level = 6;
    private const int Information = 11;
    private const int QuickAcknowledgement = 12;
    private const int CongestionControl = 13;
    private const int NotSentLowWater = 25;

    private const byte Established = 1;
    private const byte CloseWait = 8;

    /// <summary>Acknowledges what has arrived, and what comes next, at once. The kernel forgets it again and again.</summary>
    /// <returns>Whether that is done.</returns>
    public static bool TryAcknowledge(Socket socket) => TrySet(socket, QuickAcknowledgement, 1);

    /// <summary>Has the kernel take no more once so many bytes wait to be sent.</summary>
    /// <returns>Whether that is done.</returns>
    public static bool TryLimitUnsent(Socket socket, int bytes) => TrySet(socket, NotSentLowWater, bytes);

    /// <summary>
    /// Spares a connection within this machine the system's congestion control: there is no link to share, and BBR, the default of many servers,
    /// would measure and pace what is only copied. Reno, which every kernel has, sends all that the receiver takes.
    /// </summary>
    public static void SendUnpacedWithinMachine(Socket socket)
    {
        if (!IsTcp(socket) || !IsWithinMachine(socket))
            return;
        try
        {
            socket.SetRawSocketOption(Level, CongestionControl, "reno"u8);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A sandbox may not let it be chosen; it is only slower.
        }
    }

    /// <summary>Whether the peer's end is still its own: neither reset nor closed in both directions. Yes where that cannot be known.</summary>
    public static bool IsConnected(Socket socket)
    {
        if (!IsTcp(socket))
            return true;
        Span<byte> state = stackalloc byte[1];
        try
        {
            return socket.GetRawSocketOption(Level, Information, state) == 1 && state[0] is Established or CloseWait;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Whether a connection between these addresses stays within this machine: who talks to one of its own does so from the same one.</summary>
    public static bool IsWithinMachine(IPAddress remote, IPAddress local) => IPAddress.IsLoopback(remote) || remote.Equals(local);

    private static bool IsWithinMachine(Socket socket)
    {
        try
        {
            return socket is { RemoteEndPoint: IPEndPoint remote, LocalEndPoint: IPEndPoint local } && IsWithinMachine(remote.Address, local.Address);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static bool IsTcp(Socket socket) => OperatingSystem.IsLinux() && socket.ProtocolType is ProtocolType.Tcp;

    private static bool TrySet(Socket socket, int option, int value)
    {
        if (!IsTcp(socket))
            return false;
        try
        {
            socket.SetRawSocketOption(Level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}

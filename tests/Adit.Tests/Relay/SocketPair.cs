using System.Net;
using System.Net.Sockets;
using Adit.Relay;

namespace Adit.Tests.Relay;

/// <summary>Two connected sockets of this machine.</summary>
internal static class SocketPair
{
    public static async Task<(SocketDuplex Near, Socket Far)> TcpAsync(int? bufferBytes = null)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (bufferBytes is { } bytes)
            (listener.ReceiveBufferSize, client.SendBufferSize) = (bytes, bytes);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await client.ConnectAsync(listener.LocalEndPoint!);
        return (new SocketDuplex(client), await listener.AcceptAsync());
    }

    public static async Task<(SocketDuplex Near, Socket Far)> UnixAsync()
    {
        string path = Path.Combine(Path.GetTempPath(), $"adit-{Guid.NewGuid():N}.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        return (new SocketDuplex(client), await listener.AcceptAsync());
    }

    public static Task<(SocketDuplex Near, Socket Far)> OfAsync(AddressFamily family) =>
        family == AddressFamily.Unix ? UnixAsync() : TcpAsync();
}

using System.Net;
using System.Net.Sockets;

namespace Adit.Bench;

/// <summary>Sends back what comes in, on a port of the loopback address. A connection on which nothing arrives holds no buffer.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public EchoServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4096);
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = EchoAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The end, or no files left: whoever waits for an answer notices.
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                socket.NoDelay = true;
                while (await socket.ReceiveAsync(Memory<byte>.Empty) == 0 && await EchoOnceAsync(socket))
                {
                }
            }
            catch (SocketException)
            {
                // The far end is gone.
            }
        }
    }

    private static async Task<bool> EchoOnceAsync(Socket socket)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            int count = await socket.ReceiveAsync(buffer);
            for (int sent = 0; sent < count;)
                sent += await socket.SendAsync(buffer.AsMemory(sent..count));
            return count > 0;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

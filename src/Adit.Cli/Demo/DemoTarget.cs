using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Adit.Cli.Demo;

/// <summary>
/// A small server for the demonstration: answers <c>GET /</c> with a line, <c>GET /stream</c> with bytes without end, and sends everything
/// else back.
/// </summary>
internal sealed class DemoTarget : IAsyncDisposable
{
    public const string Greeting = "hello from the far end of the tunnel";

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;

    private DemoTarget()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public static DemoTarget Start() => new();

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.RemoveAll(static connection => connection.IsCompleted);
                connections.Add(ServeAsync(await _listener.AcceptAsync(_ending.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                byte[] block = new byte[64 * 1024];
                int count = await socket.ReceiveAsync(block, _ending.Token);
                string first = Encoding.ASCII.GetString(block, 0, Math.Min(count, 64));
                if (first.StartsWith("GET /stream ", StringComparison.Ordinal))
                    await StreamAsync(socket, block);
                else if (first.StartsWith("GET ", StringComparison.Ordinal))
                    await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n{Greeting}\n"), _ending.Token);
                else
                    await EchoAsync(socket, block, count);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The client has seen enough, or the demonstration is over.
            }
        }
    }

    private async Task StreamAsync(Socket socket, byte[] block)
    {
        await socket.SendAsync("HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"u8.ToArray(), _ending.Token);
        while (true)
            await socket.SendAsync(block, _ending.Token);
    }

    private async Task EchoAsync(Socket socket, byte[] block, int count)
    {
        for (; count > 0; count = await socket.ReceiveAsync(block, _ending.Token))
            await socket.SendAsync(block.AsMemory(0, count), _ending.Token);
    }
}

using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Speed;

/// <summary>A service that speaks first.</summary>
internal sealed class Banner : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public Banner()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _ = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
                await GreetAsync(await _listener.AcceptAsync());
        }
        catch (SocketException)
        {
            // The end.
        }
    }

    private static async Task GreetAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                await socket.SendAsync("hello"u8.ToArray());
                await socket.ReceiveAsync(new byte[1]);
            }
            catch (SocketException)
            {
                // Whoever was greeted is gone.
            }
        }
    }
}

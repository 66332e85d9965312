using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Attacks;

/// <summary>Connections to a TLS port that get no further: every other one says nothing, the others send half a ClientHello.</summary>
internal sealed class HalfOpenCrowd : IDisposable
{
    // A record of 512 bytes, with a ClientHello of 508, of which so much is sent.
    private static readonly byte[] HalfHello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, .. new byte[200]];

    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _ends = [];
    private int _ended;

    private HalfOpenCrowd()
    {
    }

    /// <summary>How many the server has ended.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>Completes when the server has ended all of them.</summary>
    public Task AllEnded => Task.WhenAll(_ends);

    /// <summary>Connects one after the other, each as soon as the one before it is.</summary>
    /// <param name="port">Where to, on this machine.</param>
    /// <param name="count">How many.</param>
    /// <param name="from">The address that they come from; 127.0.0.1 by default.</param>
    public static async Task<HalfOpenCrowd> ConnectAsync(int port, int count, IPAddress? from = null)
    {
        var crowd = new HalfOpenCrowd();
        try
        {
            for (int i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                crowd._sockets.Add(socket);
                // Else the kernel would keep something of each for a minute.
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Bind(new IPEndPoint(from ?? IPAddress.Loopback, 0));
                var connecting = socket.ConnectAsync(IPAddress.Loopback, port);
                crowd._ends.Add(crowd.UntilEndAsync(socket, connecting, isSilent: i % 2 == 0));
                // One that is refused may be so as soon as it is made.
                await Task.WhenAny(connecting);
            }
        }
        catch
        {
            crowd.Dispose();
            throw;
        }
        return crowd;
    }

    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private async Task UntilEndAsync(Socket socket, Task connecting, bool isSilent)
    {
        try
        {
            await connecting;
            if (!isSilent)
                await socket.SendAsync(HalfHello);
            while (await socket.ReceiveAsync(new byte[16]) > 0)
            {
                // What it is told about its end.
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted)
        {
            // Ended with a reset.
        }
        catch (ObjectDisposedException)
        {
            return;
        }
        Interlocked.Increment(ref _ended);
        socket.Dispose();
    }
}

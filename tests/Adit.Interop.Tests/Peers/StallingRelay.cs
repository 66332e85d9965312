using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Adit.Interop.Tests.Peers;

/// <summary>
/// Passes bytes on in both directions until told to stop, and then keeps the connections that there are open in silence: a dead network.
/// Connections that are made afterwards pass.
/// </summary>
internal sealed class StallingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly Task _loop;
    private CancellationTokenSource _toServer = new();
    private CancellationTokenSource _toClient = new();

    public StallingRelay(int port)
    {
        _listener.Start();
        _loop = RunAsync(port);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Lets nothing pass any more.</summary>
    public void Stall()
    {
        StallToServer();
        StallToClient();
    }

    /// <summary>Lets nothing pass any more that comes from the client.</summary>
    public void StallToServer() => Interlocked.Exchange(ref _toServer, new()).Cancel();

    /// <summary>Lets nothing pass any more that comes from the server.</summary>
    public void StallToClient() => Interlocked.Exchange(ref _toClient, new()).Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Stall();
        _listener.Stop();
        await _loop;
        foreach (var socket in _sockets)
            socket.Dispose();
        _stop.Dispose();
        _toServer.Dispose();
        _toClient.Dispose();
    }

    private async Task RunAsync(int port)
    {
        List<Task> conversations = [];
        try
        {
            while (true)
                conversations.Add(ConverseAsync(await _listener.AcceptSocketAsync(_stop.Token), port));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(conversations);
        }
    }

    private async Task ConverseAsync(Socket near, int port)
    {
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(near);
        _sockets.Add(far);
        CancellationToken toServer = _toServer.Token, toClient = _toClient.Token;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            near.Dispose();
            return;
        }
        await Task.WhenAll(PumpAsync(near, far, toServer), PumpAsync(far, near, toClient));
    }

    private static async Task PumpAsync(Socket from, Socket to, CancellationToken stall)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, stall) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), stall);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // Stalled, or an end is gone: nothing passes any more.
        }
    }
}

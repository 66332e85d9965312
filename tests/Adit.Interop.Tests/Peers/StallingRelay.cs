using System.Net;
using System.Net.Sockets;

namespace Adit.Interop.Tests.Peers;

/// <summary>Passes bytes on in both directions until told to stop, and then keeps the connections open in silence: a dead network.</summary>
internal sealed class StallingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _stall = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _loop;

    public StallingRelay(int port)
    {
        _listener.Start();
        _loop = RunAsync(port);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Stall() => _stall.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stall.CancelAsync();
        _listener.Stop();
        await _loop;
        foreach (var socket in _sockets)
            socket.Dispose();
        _stop.Dispose();
        _stall.Dispose();
    }

    private async Task RunAsync(int port)
    {
        List<Task> pumps = [];
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync(_stop.Token);
                var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _sockets.AddRange([near, far]);
                await far.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
                pumps.Add(PumpAsync(near, far));
                pumps.Add(PumpAsync(far, near));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stall.Token) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stall.Token);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // Stalled, or an end is gone: nothing passes any more.
        }
    }
}

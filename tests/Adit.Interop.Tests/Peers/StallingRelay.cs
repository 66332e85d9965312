using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Adit.Interop.Tests.Peers;

/// <summary>
/// Passes bytes on in both directions until told to stop, and then keeps the connections that there are open in silence, or cuts them: a
/// network that fails. Connections that are made afterwards pass.
/// </summary>
internal sealed class StallingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(Socket Near, Socket Far)> _pairs = [];
    private readonly List<(Socket Near, Socket Far)> _cut = [];
    private readonly Task _loop;
    private readonly TimeSpan _forgetsAfter;
    private long _passed;
    private CancellationTokenSource _toServer = new();
    private CancellationTokenSource _toClient = new();

    /// <param name="port">Where the server is.</param>
    /// <param name="forgetsAfter">How long a connection may be silent before both ends get a reset, as where an address is translated.</param>
    public StallingRelay(int port, TimeSpan? forgetsAfter = null)
    {
        _forgetsAfter = forgetsAfter ?? Timeout.InfiniteTimeSpan;
        _listener.Start();
        _loop = RunAsync(port);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many bytes have passed so far, in either direction.</summary>
    public long Passed => Interlocked.Read(ref _passed);

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

    /// <summary>Ends the connections that there are in one of the ways in which a network does.</summary>
    public void Cut(LinkCut cut)
    {
        // Those only: the client may connect again before this ends.
        List<(Socket Near, Socket Far)> pairs = [];
        while (_pairs.TryDequeue(out var pair))
            pairs.Add(pair);
        _cut.AddRange(pairs);
        foreach (var pair in pairs)
        {
            if (cut is LinkCut.BothReset or LinkCut.ClientReset)
                Reset(pair.Near);
            if (cut is LinkCut.BothReset or LinkCut.ServerReset)
                Reset(pair.Far);
            if (cut is LinkCut.ClientEnded)
                End(pair.Near);
            if (cut is LinkCut.ServerEnded)
                End(pair.Far);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Stall();
        _listener.Stop();
        await _loop;
        foreach (var (near, far) in _pairs.Concat(_cut))
        {
            near.Dispose();
            far.Dispose();
        }
        _stop.Dispose();
        _toServer.Dispose();
        _toClient.Dispose();
    }

    private static void Reset(Socket socket) => Try(() =>
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    });

    private static void End(Socket socket) => Try(() => socket.Shutdown(SocketShutdown.Send));

    private static void Try(Action cut)
    {
        try
        {
            cut();
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }
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
        CancellationToken toServer = _toServer.Token, toClient = _toClient.Token;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            near.Dispose();
            far.Dispose();
            return;
        }
        _pairs.Enqueue((near, far));
        await using var silence = new Timer(_ =>
        {
            Reset(near);
            Reset(far);
        }, null, _forgetsAfter, Timeout.InfiniteTimeSpan);
        await Task.WhenAll(PumpAsync(near, far, silence, toServer), PumpAsync(far, near, silence, toClient));
    }

    private async Task PumpAsync(Socket from, Socket to, Timer silence, CancellationToken stall)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, stall) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), stall);
                Interlocked.Add(ref _passed, count);
                silence.Change(_forgetsAfter, Timeout.InfiniteTimeSpan);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stalled, cut, or an end is gone: nothing passes any more.
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Adit.Interop.Tests.Peers;

/// <summary>A TCP service inside the test process, of one of a few habits; on a Unix socket where a path is given.</summary>
internal sealed class TcpService : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, bool> _conversations = new();
    private readonly ConcurrentQueue<IPEndPoint> _accepted = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _loop;

    private TcpService(Func<Socket, CancellationToken, Task> habit, string? path = null)
    {
        EndPoint at = path is null ? new IPEndPoint(IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(path);
        _listener = new(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(at);
        _listener.Listen(512);
        _loop = AcceptAsync(habit);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>The far ends of all TCP connections so far.</summary>
    public IReadOnlyCollection<IPEndPoint> Accepted => _accepted;

    /// <summary>Completes with the first connection.</summary>
    public Task FirstConnection => _first.Task;

    /// <summary>Sends back what comes; keeps half-close.</summary>
    public static TcpService Echo(string? path = null) => new(static async (socket, stop) =>
    {
        var buffer = new byte[32 * 1024];
        while (await socket.ReceiveAsync(buffer, stop) is > 0 and var count)
            await SendAllAsync(socket, buffer.AsMemory(0, count), stop);
        socket.Shutdown(SocketShutdown.Send);
    }, path);

    /// <summary>Takes bytes until the far end has no more, then answers with their SHA-256 in hexadecimal.</summary>
    public static TcpService Checksum(string? path = null) => new(static async (socket, stop) =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        while (await socket.ReceiveAsync(buffer, stop) is > 0 and var count)
            hash.AppendData(buffer, 0, count);
        await SendAllAsync(socket, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset())), stop);
        socket.Shutdown(SocketShutdown.Send);
    }, path);

    /// <summary>Sends so many bytes of <see cref="Bulk"/> and closes.</summary>
    public static TcpService Source(long bytes, string? path = null) => new(async (socket, stop) =>
    {
        await foreach (var block in Bulk.Blocks(bytes))
            await SendAllAsync(socket, block, stop);
        socket.Shutdown(SocketShutdown.Send);
    }, path);

    /// <summary>Says these words first and then closes, as a mail server that is about to go does.</summary>
    public static TcpService Banner(string words, string? path = null) => new(async (socket, stop) =>
    {
        await SendAllAsync(socket, Encoding.ASCII.GetBytes(words), stop);
        socket.Shutdown(SocketShutdown.Send);
    }, path);

    /// <summary>Accepts, then neither reads nor writes.</summary>
    public static TcpService Silent() => new(static (_, stop) => Task.Delay(Timeout.Infinite, stop));

    /// <summary>Reads the first bytes, then resets the connection.</summary>
    public static TcpService Reset() => new(static async (socket, stop) =>
    {
        await socket.ReceiveAsync(new byte[1], stop);
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
    });

    /// <summary>Passes connections on to another port, but only once <paramref name="opened"/> has completed.</summary>
    public static TcpService Gate(int port, Task opened) => new(async (socket, stop) =>
    {
        await opened.WaitAsync(stop);
        using var onward = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await onward.ConnectAsync(IPAddress.Loopback, port, stop);
        await Task.WhenAll(PumpAsync(socket, onward, stop), PumpAsync(onward, socket, stop));
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
        await Task.WhenAll(_conversations.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, CancellationToken, Task> habit)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            if (socket.RemoteEndPoint is IPEndPoint far)
                _accepted.Enqueue(far);
            _first.TrySetResult();
            var conversation = ConverseAsync(socket, habit);
            _conversations[conversation] = true;
        }
    }

    private async Task ConverseAsync(Socket socket, Func<Socket, CancellationToken, Task> habit)
    {
        using (socket)
        {
            try
            {
                if (socket.AddressFamily is not AddressFamily.Unix)
                    socket.NoDelay = true;
                await habit(socket, _stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException)
            {
                // The far end is gone or the service is ending: either way this conversation is over.
            }
        }
    }

    private static async Task PumpAsync(Socket from, Socket to, CancellationToken stop)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, stop) is > 0 and var count)
            await SendAllAsync(to, buffer.AsMemory(0, count), stop);
        to.Shutdown(SocketShutdown.Send);
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, stop)..];
    }
}

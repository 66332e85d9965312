using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Speed;

/// <summary>Connections to an echo service.</summary>
internal sealed class EchoClients : IDisposable
{
    private const int AtOnce = 200;

    private readonly Socket[] _sockets;

    private EchoClients(Socket[] sockets) => _sockets = sockets;

    public static async Task<EchoClients> ConnectAsync(int port, int count)
    {
        var sockets = new Socket[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, token) =>
        {
            sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await sockets[i].ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), token);
        });
        return new(sockets);
    }

    /// <summary>Has each of them sent and answered once.</summary>
    public Task PingAllAsync() => Parallel.ForEachAsync(_sockets, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, static async (socket, token) =>
    {
        byte[] block = new byte[1];
        await socket.SendAsync(block, token);
        if (await socket.ReceiveAsync(block, token) != 1)
            throw new BenchException("a connection ended within a measurement");
    });

    /// <summary>The middle of the times that small questions take, one after the other, in milliseconds.</summary>
    public static double MedianPing(int port, int count, TimeSpan pause)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        byte[] block = new byte[100];
        var times = new double[count];
        for (int i = 0; i < count; i++)
        {
            Thread.Sleep(pause);
            long began = Stopwatch.GetTimestamp();
            socket.Send(block);
            for (int read = 0; read < block.Length;)
                read += socket.Receive(block) is > 0 and var some ? some : throw new BenchException("the connection ended within a measurement");
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[count / 2];
    }

    /// <summary>Each sends a block every second for a time, whether or not the last one was answered.</summary>
    /// <returns>The bytes that each one got back.</returns>
    public async Task<long[]> ChatAsync(int block, TimeSpan time)
    {
        long[] received = new long[_sockets.Length];
        using var stop = new CancellationTokenSource();
        Task[] readers = [.. _sockets.Select((socket, i) => ReadAsync(socket, received, i, block, stop.Token))];
        byte[] text = new byte[block];
        int seconds = (int)time.TotalSeconds;
        long began = Stopwatch.GetTimestamp();
        for (int second = 0; second < seconds; second++)
        {
            for (int i = 0; i < _sockets.Length; i++)
            {
                await _sockets[i].SendAsync(text);
                // Spread over the second.
                TimeSpan due = TimeSpan.FromSeconds(second + ((double)i / _sockets.Length));
                if (i % 100 == 0 && due - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
                    await Task.Delay(early);
            }
        }

        await Task.Delay(TimeSpan.FromSeconds(1));
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        return received;
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
            socket.Dispose();
    }

    private static async Task ReadAsync(Socket socket, long[] received, int index, int block, CancellationToken stop)
    {
        byte[] buffer = new byte[block];
        try
        {
            while (await socket.ReceiveAsync(buffer, stop) is > 0 and var count)
                received[index] += count;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The end.
        }
    }
}

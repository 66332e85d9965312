using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Speed;

/// <summary>A service that sends or takes bytes as fast as they go, and what uses it. One thread a connection, since few connections move much.</summary>
internal sealed class BulkTarget : IDisposable
{
    private const int BlockBytes = 256 * 1024;
    private const byte Down = (byte)'D';
    private const byte Up = (byte)'U';

    private static readonly TimeSpan Tenth = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public BulkTarget()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(64);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    /// <summary>Takes bytes from a service for a time.</summary>
    /// <returns>Bytes in a second.</returns>
    public static double Receive(int port, TimeSpan time, TimeSpan warmUp, CancellationToken stop = default)
    {
        using Socket socket = Dial(port, Down);
        byte[] block = new byte[BlockBytes];
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < warmUp)
            Read(socket, block);
        began = Stopwatch.GetTimestamp();
        long total = 0;
        while (Stopwatch.GetElapsedTime(began) < time && !stop.IsCancellationRequested)
            total += Read(socket, block);
        return total / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Sends bytes to a service for a time; what counts is what has arrived there.</summary>
    public static double Send(int port, TimeSpan time, TimeSpan warmUp)
    {
        using Socket socket = Dial(port, Up);
        byte[] block = new byte[BlockBytes];
        Random.Shared.NextBytes(block);
        socket.Send([(byte)(warmUp / Tenth)]);
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < warmUp + time)
            socket.Send(block);
        socket.Shutdown(SocketShutdown.Send);
        byte[] answer = new byte[sizeof(double)];
        for (int filled = 0; filled < answer.Length;)
            filled += Read(socket, answer.AsSpan(filled));
        return BinaryPrimitives.ReadDoubleLittleEndian(answer);
    }

    private static Socket Dial(int port, byte word)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        socket.Send([word]);
        return socket;
    }

    private static int Read(Socket socket, Span<byte> block) =>
        socket.Receive(block) is > 0 and var count ? count : throw new BenchException("the connection ended within a measurement");

    private void Accept()
    {
        try
        {
            while (true)
            {
                Socket socket = _listener.Accept();
                new Thread(() => Serve(socket)) { IsBackground = true }.Start();
            }
        }
        catch (SocketException)
        {
            // The end.
        }
    }

    private static void Serve(Socket socket)
    {
        using (socket)
        {
            try
            {
                byte[] block = new byte[BlockBytes];
                if (socket.Receive(block, 0, 1, SocketFlags.None) != 1)
                    return;
                if (block[0] == Down)
                    Pour(socket, block);
                else
                    Swallow(socket, block);
            }
            catch (SocketException)
            {
                // Who measures has enough.
            }
        }
    }

    private static void Pour(Socket socket, byte[] block)
    {
        Random.Shared.NextBytes(block);
        while (true)
            socket.Send(block);
    }

    private static void Swallow(Socket socket, byte[] block)
    {
        if (socket.Receive(block, 0, 1, SocketFlags.None) != 1)
            return;
        TimeSpan warmUp = block[0] * Tenth;
        long total = 0;
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < warmUp && socket.Receive(block) > 0)
        {
        }

        began = Stopwatch.GetTimestamp();
        while (socket.Receive(block) is > 0 and var count)
            total += count;

        byte[] answer = new byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(answer, total / Stopwatch.GetElapsedTime(began).TotalSeconds);
        socket.Send(answer);
    }
}

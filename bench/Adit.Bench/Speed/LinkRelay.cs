using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Adit.Bench.Speed;

/// <summary>
/// A network link on this machine: every byte arrives after a delay, and no more of them than a rate allows. What waits for its turn is in a
/// queue such as a router has; beyond that the sender waits, as TCP has it.
/// </summary>
internal sealed class LinkRelay : IDisposable
{
    private const int BlockBytes = 64 * 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _port;
    private readonly TimeSpan _delay;
    private readonly double _rate;
    private readonly long _queue;

    /// <param name="port">Where it leads.</param>
    /// <param name="roundTrip">There and back.</param>
    /// <param name="bytesPerSecond">In each direction; infinite for no limit.</param>
    /// <param name="queue">Bytes that it holds besides those that are on their way.</param>
    public LinkRelay(int port, TimeSpan roundTrip, double bytesPerSecond = double.PositiveInfinity, int queue = 512 * 1024 * 1024)
    {
        _port = port;
        _delay = roundTrip / 2;
        _rate = bytesPerSecond;
        _queue = queue + (double.IsFinite(bytesPerSecond) ? (long)(bytesPerSecond * _delay.TotalSeconds) : 0);
        if (double.IsFinite(bytesPerSecond))
            _listener.ReceiveBufferSize = BlockBytes;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private void Accept()
    {
        try
        {
            while (true)
            {
                Socket near = _listener.Accept();
                var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                near.NoDelay = true;
                if (double.IsFinite(_rate))
                    far.ReceiveBufferSize = BlockBytes;
                far.Connect(IPAddress.Loopback, _port);
                _ = new Direction(this, near, far);
                _ = new Direction(this, far, near);
            }
        }
        catch (SocketException)
        {
            // The end.
        }
    }

    /// <summary>One direction of one connection: a thread that takes in, and one that lets out.</summary>
    private sealed class Direction
    {
        private readonly LinkRelay _link;
        private readonly Queue<(long Due, byte[] Block, int Length)> _waiting = new();
        private readonly Stack<byte[]> _free = new();
        private readonly object _sync = new();
        private long _held;

        public Direction(LinkRelay link, Socket from, Socket to)
        {
            _link = link;
            new Thread(() => Quietly(() => TakeIn(from))) { IsBackground = true }.Start();
            new Thread(() => Quietly(() => LetOut(from, to))) { IsBackground = true }.Start();
        }

        private static void Quietly(Action run)
        {
            try
            {
                run();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The connection is over.
            }
        }

        private void TakeIn(Socket from)
        {
            double sendAt = Stopwatch.GetTimestamp();
            while (true)
            {
                byte[] block = Take();
                int length = from.Receive(block);
                double now = Stopwatch.GetTimestamp();
                // A block is through the bottleneck when all that came before it is, and then takes its own time.
                sendAt = Math.Max(sendAt, now) + (length / _link._rate * Stopwatch.Frequency);
                lock (_sync)
                {
                    _waiting.Enqueue(((long)(sendAt + (_link._delay.TotalSeconds * Stopwatch.Frequency)), block, length));
                    _held += length;
                    Monitor.PulseAll(_sync);
                    while (_held >= _link._queue && length > 0)
                        Monitor.Wait(_sync);
                }

                if (length == 0)
                    return;
            }
        }

        private void LetOut(Socket from, Socket to)
        {
            using (from)
            using (to)
            {
                while (true)
                {
                    (long due, byte[] block, int length) = Next();
                    SleepUntil(due);
                    if (length == 0)
                        return;
                    for (int sent = 0; sent < length;)
                        sent += to.Send(block.AsSpan(sent..length));
                    lock (_sync)
                    {
                        _held -= length;
                        _free.Push(block);
                        Monitor.PulseAll(_sync);
                    }
                }
            }
        }

        private (long Due, byte[] Block, int Length) Next()
        {
            lock (_sync)
            {
                while (_waiting.Count == 0)
                    Monitor.Wait(_sync);
                return _waiting.Dequeue();
            }
        }

        private byte[] Take()
        {
            lock (_sync)
                return _free.TryPop(out byte[]? block) ? block : new byte[double.IsFinite(_link._rate) ? 4096 : BlockBytes];
        }

        private static void SleepUntil(long due)
        {
            while (due - Stopwatch.GetTimestamp() is > 0 and var left)
                Thread.Sleep(TimeSpan.FromSeconds((double)left / Stopwatch.Frequency));
        }
    }
}

using System.Buffers;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>
/// Received data that nobody has read yet, in the memory it was opened into. Small packets that pile up are put together, so that
/// a peer cannot make many tiny ones cost more than the window that bounds them. Guarded by the channel's lock.
/// </summary>
internal sealed class ReceiveQueue
{
    private const int SmallPacket = 1024;
    private const int GatherSize = 8 * 1024;

    private readonly Queue<Segment> _segments = new(1);
    private byte[]? _tail;
    private int _tailEnd;

    public bool IsEmpty => _segments.Count == 0 && _tailEnd == 0;

    /// <summary>Bytes in the queue, counted.</summary>
    public long Length => _segments.Sum(static segment => (long)segment.Data.Length) + _tailEnd;

    /// <summary>Queues the data at the end of the packet. True when the packet's memory was taken over.</summary>
    public bool Add(InboundPacket packet, int dataStart)
    {
        ReadOnlyMemory<byte> data = packet.Payload[dataStart..];
        bool fitsTail = _tail is not null && _tail.Length - _tailEnd >= data.Length;
        bool tailIsSmall = _tailEnd is > 0 and < GatherSize / 2;
        if (IsEmpty || (data.Length > SmallPacket && !(fitsTail && tailIsSmall)))
        {
            FlushTail();
            _segments.Enqueue(new(packet.Block, data));
            return true;
        }

        if (!fitsTail)
        {
            FlushTail();
            _tail = ArrayPool<byte>.Shared.Rent(GatherSize);
        }

        data.Span.CopyTo(_tail.AsSpan(_tailEnd));
        _tailEnd += data.Length;
        return false;
    }

    /// <summary>The oldest data, and the pooled memory that it lies in.</summary>
    public Segment Take()
    {
        if (_segments.Count == 0)
            FlushTail();
        return _segments.Dequeue();
    }

    public void Clear()
    {
        FlushTail();
        while (_segments.TryDequeue(out Segment segment))
            segment.Release();
    }

    private void FlushTail()
    {
        if (_tail is null)
            return;
        _segments.Enqueue(new(_tail, _tail.AsMemory(0, _tailEnd)));
        _tail = null;
        _tailEnd = 0;
    }

    internal readonly record struct Segment(byte[]? Block, ReadOnlyMemory<byte> Data)
    {
        public void Release()
        {
            if (Block is { } block)
                ArrayPool<byte>.Shared.Return(block);
        }
    }
}

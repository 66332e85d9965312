using System.Runtime.CompilerServices;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>
/// What a channel received of one kind, data or stderr, and the read that waits for it. Everything but <see cref="WaitAsync"/> is called
/// with the channel's lock held; reads are completed outside of it.
/// </summary>
/// <param name="sync">The channel's lock.</param>
/// <param name="continueInline">Whether a waiting read continues on the receive loop.</param>
internal sealed class ChannelInput(Lock sync, bool continueInline)
{
    private readonly ReceiveQueue _received = new();
    private readonly List<ReceiveQueue.Segment> _taken = new(1);

    public PendingOperation<ReadOnlyMemory<byte>> Read { get; } = new(continueInline);

    /// <summary>Whether <see cref="Wake"/> is due. Of the receive loop.</summary>
    public bool WaitsForWake { get; set; }

    /// <summary>Something was dropped that nobody had read.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Bytes that were received and not handed out.</summary>
    public long Unread => _received.Length;

    /// <summary>Gives back the memory that was read last. The bytes that the peer may be credited.</summary>
    public int Release()
    {
        int length = 0;
        foreach (ReceiveQueue.Segment segment in _taken)
        {
            length += segment.Data.Length;
            segment.Release();
        }

        _taken.Clear();
        return length;
    }

    /// <summary>Hands out the oldest data, which stays valid until <see cref="Release"/>. False when there is none.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> data)
    {
        data = default;
        if (_received.IsEmpty)
            return false;
        ReceiveQueue.Segment segment = _received.Take();
        _taken.Add(segment);
        data = segment.Data;
        return true;
    }

    /// <summary>Hands the oldest data to the read that waits. Called without the lock, by the receive loop.</summary>
    public void Wake()
    {
        ReadOnlyMemory<byte> data;
        lock (sync)
        {
            WaitsForWake = false;
            if (!Read.IsPending || !TryTake(out data))
                return;
            Read.TryEnd();
        }

        Read.SetResult(data);
    }

    /// <summary>Ends the read that waits. False where none does, or there is data that it is about to get.</summary>
    public bool TryEndRead() => _received.IsEmpty && Read.TryEnd();

    /// <summary>Queues the data at the end of the packet. True when the packet's memory was taken over.</summary>
    public bool Add(InboundPacket packet, int dataStart) => _received.Add(packet, dataStart);

    /// <summary>Drops what was not read. It must not look like the end of the peer's data.</summary>
    public void Drop()
    {
        IsLost |= !_received.IsEmpty;
        _received.Clear();
    }

    /// <summary>Waits for the read that was started, or for the token. Called without the lock.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadOnlyMemory<byte>> WaitAsync(short version, CancellationToken cancellationToken)
    {
        ValueTask<ReadOnlyMemory<byte>> pending = new(Read, version);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((ChannelInput)state!).Cancel(token), this);
        return await pending.ConfigureAwait(false);
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        bool ends;
        lock (sync)
            ends = Read.TryEnd();
        if (ends)
            Read.SetException(new OperationCanceledException(cancellationToken));
    }
}

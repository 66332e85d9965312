using Adit.Relay;

namespace Adit.Tests.Shared.Relay;

/// <summary>Two ends of a connection in memory, with half-close, and room for a given number of bytes in each direction.</summary>
internal sealed class MemoryDuplex : Duplex
{
    private readonly Pipe _in;
    private readonly Pipe _out;
    private readonly byte[] _chunk;

    private MemoryDuplex(Pipe input, Pipe output, int chunkBytes)
    {
        _in = input;
        _out = output;
        _chunk = new byte[chunkBytes];
    }

    public bool IsAborted { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>Bytes that wait for this end's reader.</summary>
    public int Waiting => _in.Count;

    public static (MemoryDuplex Near, MemoryDuplex Far) Pair(int capacity = 64 * 1024)
    {
        Pipe there = new(capacity);
        Pipe back = new(capacity);
        return (new(back, there, capacity), new(there, back, capacity));
    }

    public override async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) =>
        _chunk.AsMemory(0, await _in.ReadAsync(_chunk, cancellationToken));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        _out.WriteAsync(data, cancellationToken);

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken)
    {
        _out.Complete();
        return ValueTask.CompletedTask;
    }

    public override void StopReading() => _in.Complete();

    public override void Abort()
    {
        IsAborted = true;
        _in.Fail();
        _out.Fail();
    }

    public override ValueTask DisposeAsync()
    {
        IsDisposed = true;
        _in.Fail();
        _out.Complete();
        return ValueTask.CompletedTask;
    }

    private sealed class Pipe(int capacity)
    {
        private readonly Lock _lock = new();
        private readonly Queue<byte> _bytes = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _completed;
        private bool _failed;

        public int Count
        {
            get
            {
                lock (_lock)
                    return _bytes.Count;
            }
        }

        public async ValueTask<int> ReadAsync(Memory<byte> into, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    ThrowIfFailed();
                    if (_bytes.Count > 0 || _completed)
                    {
                        int count = Math.Min(into.Length, _bytes.Count);
                        for (int i = 0; i < count; i++)
                            into.Span[i] = _bytes.Dequeue();
                        SignalChange();
                        return count;
                    }
                    changed = _changed.Task;
                }
                await changed.WaitAsync(cancellationToken);
            }
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    ThrowIfFailed();
                    if (_completed)
                        throw new IOException("written after the end");
                    int count = Math.Min(data.Length, capacity - _bytes.Count);
                    foreach (byte b in data.Span[..count])
                        _bytes.Enqueue(b);
                    data = data[count..];
                    SignalChange();
                    if (data.IsEmpty)
                        return;
                    changed = _changed.Task;
                }
                await changed.WaitAsync(cancellationToken);
            }
        }

        public void Complete()
        {
            lock (_lock)
            {
                _completed = true;
                SignalChange();
            }
        }

        public void Fail()
        {
            lock (_lock)
            {
                _failed = true;
                SignalChange();
            }
        }

        private void ThrowIfFailed()
        {
            if (_failed)
                throw new IOException("the connection was aborted");
        }

        private void SignalChange()
        {
            TaskCompletionSource changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }
    }
}

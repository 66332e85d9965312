using System.Net.Sockets;

namespace Adit.Bench.Attacks;

/// <summary>A connection that can stop to read, and tells when something was written.</summary>
internal sealed class DeafStream(NetworkStream stream) : Stream
{
    private readonly CancellationTokenSource _closed = new();
    private volatile bool _deaf;
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void StopReading() => _deaf = true;

    /// <summary>Completes with the next write, or when the stream is closed.</summary>
    public Task WrittenAsync()
    {
        Task written = Volatile.Read(ref _written).Task;
        return _closed.IsCancellationRequested ? Task.CompletedTask : written;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_deaf)
            return await stream.ReadAsync(buffer, cancellationToken);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token, cancellationToken);
        await Task.Delay(Timeout.Infinite, either.Token);
        return 0;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await stream.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            Interlocked.Exchange(ref _written, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _closed.Cancel();
            stream.Dispose();
            Volatile.Read(ref _written).TrySetResult();
        }

        base.Dispose(disposing);
    }
}

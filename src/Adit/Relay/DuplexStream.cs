using Adit.Platform;

namespace Adit.Relay;

/// <summary>
/// A .NET stream over a <see cref="Duplex"/>, for what wants a stream, such as <see cref="System.Net.Security.SslStream"/>. It owns the
/// duplex. Asynchronous only: the duplex has no other way to wait.
/// </summary>
internal sealed class DuplexStream : Stream
{
    private readonly Duplex _duplex;
    private ReadOnlyMemory<byte> _rest;
    private bool _ended;
    private bool _disposed;

    /// <summary>Takes a duplex over.</summary>
    public DuplexStream(Duplex duplex)
    {
        ArgumentNullException.ThrowIfNull(duplex);
        _duplex = duplex;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Ends the direction to the peer in order; see <see cref="Duplex.CompleteWritingAsync"/>.</summary>
    public ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => _duplex.CompleteWritingAsync(cancellationToken);

    /// <summary>What was read of the duplex and not of the stream; valid until the next read of either.</summary>
    public ReadOnlyMemory<byte> Unread => _rest;

    /// <summary>Ends both directions at once; see <see cref="Duplex.Abort"/>.</summary>
    public void Abort() => _duplex.Abort();

    /// <inheritdoc/>
    /// <remarks>An empty buffer waits until there is something to read, or the end.</remarks>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_rest.IsEmpty && !_ended)
        {
            ValueTask<ReadOnlyMemory<byte>> reading = _duplex.ReadAsync(cancellationToken);
            bool waits = !reading.IsCompleted;
            _rest = await reading.ConfigureAwait(false);
            if (waits)
                await PoolTurn.Begin;
            _ended = _rest.IsEmpty;
        }
        int count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _duplex.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <summary>Not supported; use <see cref="ReadAsync(Memory{byte}, CancellationToken)"/>.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw AsynchronousOnly();

    /// <summary>Not supported; use <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw AsynchronousOnly();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Gives the duplex back in order.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await _duplex.DisposeAsync().ConfigureAwait(false);
        }
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Aborts the duplex, since there is no way to wait for more.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _duplex.Abort();
        }
        base.Dispose(disposing);
    }

    private static NotSupportedException AsynchronousOnly() =>
        new("this stream is asynchronous only; use ReadAsync and WriteAsync");
}

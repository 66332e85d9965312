using Adit.Relay;

namespace Adit;

/// <summary>
/// A connection through a tunnel to one target. Each direction ends by itself: <see cref="CompleteWritesAsync"/> tells the target that no more
/// comes, while its answer can still be read to its end. Disposing it closes the connection; the tunnel stays.
/// </summary>
/// <remarks>
/// Asynchronous only. One read and one write may be under way at a time. Small writes leave at once, and nothing is buffered here, so that
/// <see cref="FlushAsync"/> has nothing to do. A connection that breaks throws <see cref="IOException"/>.
/// </remarks>
public sealed class TunnelStream : Stream
{
    private readonly DuplexStream _inner;
    private readonly string _destination;
    private long _sent;
    private long _received;
    private int _closed;

    internal TunnelStream(Duplex duplex, string destination, Route route)
    {
        _inner = new(duplex);
        _destination = destination;
        Route = route;
        TunnelTelemetry.Opened(destination);
    }

    /// <summary>The way that the bytes go, leg by leg, with what protects each.</summary>
    public Route Route { get; }

    /// <summary>Always true.</summary>
    public override bool CanRead => true;

    /// <summary>Always false.</summary>
    public override bool CanSeek => false;

    /// <summary>Always true.</summary>
    public override bool CanWrite => true;

    /// <summary>Not supported.</summary>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Tells the target that nothing more will be written (a half-close, TCP's FIN). Reading goes on; writing does not.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The connection is broken.</exception>
    public ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default) => _inner.CompleteWritingAsync(cancellationToken);

    /// <summary>Ends both directions at once and out of order; reads and writes that wait fail. May be called from any thread.</summary>
    public void Abort() => _inner.Abort();

    /// <summary>Reads what has come, at least one byte.</summary>
    /// <returns>The number of bytes; 0 once the target has ended its direction.</returns>
    /// <exception cref="IOException">The connection is broken.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _received, count);
        return count;
    }

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Writes; completes when all was taken over, which waits while the target takes nothing.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _sent, buffer.Length);
    }

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Does nothing: nothing is buffered.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Does nothing: nothing is buffered.</summary>
    public override void Flush()
    {
    }

    /// <summary>Not supported; use <see cref="ReadAsync(Memory{byte}, CancellationToken)"/>.</summary>
    public override int Read(byte[] buffer, int offset, int count) => _inner.Read(buffer, offset, count);

    /// <summary>Not supported; use <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.</summary>
    public override void Write(byte[] buffer, int offset, int count) => _inner.Write(buffer, offset, count);

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Closes the connection in order.</summary>
    public override async ValueTask DisposeAsync()
    {
        Count();
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Aborts the connection, since there is no way to wait here; <see cref="DisposeAsync"/> closes it in order.</summary>
    /// <param name="disposing">Whether this was not called by a finalizer.</param>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Count();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Count()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
            TunnelTelemetry.Closed(_destination, Interlocked.Read(ref _sent), Interlocked.Read(ref _received));
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;

namespace Adit.Relay;

/// <summary>A <see cref="Duplex"/> over .NET streams, such as a TLS stream, or a pair of pipes. It owns them.</summary>
internal sealed class StreamDuplex : Duplex
{
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly Func<CancellationToken, ValueTask> _completeWriting;
    private readonly Action _abort;
    private readonly Action? _stopReading;
    private byte[]? _block;
    private int _aborted;

    /// <summary>Takes streams over.</summary>
    /// <param name="input">Where the bytes from the peer come from. Its reads must end when the abort is called.</param>
    /// <param name="output">Where the bytes to the peer go; may be the same stream.</param>
    /// <param name="completeWriting">
    /// Ends the direction to the peer (for TLS, close_notify). By default the output is disposed, which needs a stream of its own.
    /// </param>
    /// <param name="abort">Ends everything at once. By default both streams are disposed. Must not throw.</param>
    /// <param name="stopReading">Ends a read that waits. By default everything is aborted. Must not throw.</param>
    /// <exception cref="ArgumentException">One stream serves both directions, and nothing says how to end one of them.</exception>
    public StreamDuplex(
        Stream input, Stream output, Func<CancellationToken, ValueTask>? completeWriting = null, Action? abort = null, Action? stopReading = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        if (completeWriting is null && ReferenceEquals(input, output))
            throw new ArgumentException("a stream for both directions needs a way to end one of them", nameof(completeWriting));
        _input = input;
        _output = output;
        _completeWriting = completeWriting ?? (_ => output.DisposeAsync());
        _abort = abort ?? DisposeStreams;
        _stopReading = stopReading;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        ReturnBlock();
        try
        {
            // Streams that can, wait here until there is something, without a block.
            await _input.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            byte[] block = _block = ArrayPool<byte>.Shared.Rent(SocketDuplex.ChunkBytes);
            int count = await _input.ReadAsync(block.AsMemory(0, SocketDuplex.ChunkBytes), cancellationToken).ConfigureAwait(false);
            return block.AsMemory(0, count);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Aborted(e);
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await _output.WriteAsync(data, cancellationToken).ConfigureAwait(false);
            await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Aborted(e);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteWritingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _completeWriting(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Aborted(e);
        }
    }

    /// <inheritdoc/>
    public override void StopReading()
    {
        if (_stopReading is null)
            Abort();
        else
            _stopReading();
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 0)
            _abort();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _input.DisposeAsync().ConfigureAwait(false);
        await _output.DisposeAsync().ConfigureAwait(false);
        ReturnBlock();
    }

    private void DisposeStreams()
    {
        _input.Dispose();
        _output.Dispose();
    }

    private void ReturnBlock()
    {
        if (Interlocked.Exchange(ref _block, null) is { } block)
            ArrayPool<byte>.Shared.Return(block);
    }

    // Streams tell of their own disposal in several ways; some call it a cancellation.
    private bool IsBroken(Exception e) =>
        e is ObjectDisposedException || (Volatile.Read(ref _aborted) != 0 && e is OperationCanceledException or InvalidOperationException);

    private static IOException Aborted(Exception e) => new("the connection was aborted", e);
}

using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>A connected TCP or Unix stream socket as a <see cref="Duplex"/>. It owns the socket.</summary>
/// <remarks>
/// A connection on which nothing arrives holds no buffer: the block of a chunk goes back to the pool before the wait for the next one.
/// </remarks>
internal sealed class SocketDuplex : Duplex
{
    /// <summary>The most bytes one <see cref="ReadAsync"/> returns where little comes, such as questions and answers.</summary>
    public const int LeastChunkBytes = 4 * 1024;

    /// <summary>The most bytes one <see cref="ReadAsync"/> returns where more comes: as much as one packet of SSH carries, 64 KiB less 192 bytes.</summary>
    public const int ChunkBytes = (64 * 1024) - 192;

    /// <summary>The most bytes one <see cref="ReadAsync"/> returns where much comes and <see cref="ReadsMuch"/>: four packets of SSH.</summary>
    public const int MostChunkBytes = 4 * ChunkBytes;

    private readonly PolledSocket _polled;
    private readonly Socket _socket;
    private byte[]? _block;
    private int _blockBytes = LeastChunkBytes;
    private bool _peerEnded;
    private int _aborted;

    /// <summary>Takes a connected stream socket over. Nagle's delay is switched off on TCP, since a relay already gets whole writes.</summary>
    /// <param name="socket">The socket; nothing else may use it from here on.</param>
    /// <exception cref="ArgumentException">The socket is not a stream socket.</exception>
    /// <exception cref="IOException">The connection broke before it could be taken over.</exception>
    public SocketDuplex(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.SocketType != SocketType.Stream)
            throw new ArgumentException("a duplex needs a stream socket", nameof(socket));
        _socket = socket;
        try
        {
            if (socket.ProtocolType == ProtocolType.Tcp)
                socket.NoDelay = true;
            TcpOptions.SendUnpacedWithinMachine(socket);
            _polled = new(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Failed(e);
        }
    }

    /// <summary>Whether <see cref="Abort"/> resets a TCP connection, so that the peer knows that something failed; else it ends in order. Default yes.</summary>
    internal bool Resets { get; set; } = true;

    /// <summary>Whether the peer's end of a TCP connection is still its own: neither reset nor closed in both directions.</summary>
    internal bool IsConnected => TcpOptions.IsConnected(_socket);

    /// <summary>
    /// Whether a read that fills its block is followed by larger ones, which cost less. Default yes. Not where others wait meanwhile: what is
    /// read at one go is passed on at one go.
    /// </summary>
    public bool ReadsMuch { get; init; } = true;

    internal bool HoldsBlock => Volatile.Read(ref _block) is not null;

    /// <inheritdoc/>
    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return TryReceive(out ReadOnlyMemory<byte> chunk) ? new(chunk) : WaitAndReceiveAsync(cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException<ReadOnlyMemory<byte>>(Failed(e));
        }
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (data.IsEmpty)
            return ValueTask.CompletedTask;
        ValueTask sending = _polled.SendAsync(data, cancellationToken);
        return sending.IsCompletedSuccessfully ? sending : FinishAsync(sending);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAllAsync(ArraySegment<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            return base.WriteAllAsync(chunks, cancellationToken);
        try
        {
            long sent = GatheredSend.Try(_socket.SafeHandle, chunks);
            while (chunks.Count > 0 && sent >= chunks[0].Length)
            {
                sent -= chunks[0].Length;
                chunks = chunks[1..];
            }

            return chunks.Count == 0 ? ValueTask.CompletedTask : WriteRestAsync(chunks, (int)sent, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException(Failed(e));
        }
    }

    /// <inheritdoc/>
    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken)
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return ValueTask.CompletedTask;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NotConnected && _peerEnded)
        {
            // The peer has ended its direction and left; there is nobody whom the end of ours could reach.
            return ValueTask.CompletedTask;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException(Failed(e));
        }
    }

    /// <inheritdoc/>
    public override void StopReading()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 0)
            _polled.Close(Resets);
    }

    /// <inheritdoc/>
    public override Stream AsStream() => new SocketStream(_polled);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _polled.Close(reset: false);
        ReturnBlock();
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteRestAsync(ArraySegment<ReadOnlyMemory<byte>> chunks, int sent, CancellationToken cancellationToken)
    {
        await WriteAsync(chunks[0][sent..], cancellationToken).ConfigureAwait(false);
        await base.WriteAllAsync(chunks[1..], cancellationToken).ConfigureAwait(false);
    }

    private bool TryReceive(out ReadOnlyMemory<byte> chunk)
    {
        if (_block is { } block && block.Length < _blockBytes)
            ReturnBlock();
        _block ??= ArrayPool<byte>.Shared.Rent(_blockBytes);
        if (!_polled.TryReceive(_block.AsSpan(0, _blockBytes), out int received))
        {
            chunk = default;
            return false;
        }

        chunk = _block.AsMemory(0, received);
        _blockBytes = BlockBytesAfter(received);
        _peerEnded = received == 0;
        if (_peerEnded)
            ReturnBlock(); // the other direction may go on for long
        return true;
    }

    // Many connections of little traffic have small blocks, which are soon in the processor's cache again.
    private int BlockBytesAfter(int received)
    {
        if (received == _blockBytes)
            return received < ChunkBytes || !ReadsMuch ? ChunkBytes : MostChunkBytes;
        if (received <= LeastChunkBytes / 2)
            return LeastChunkBytes;
        return received < ChunkBytes / 4 ? Math.Min(_blockBytes, ChunkBytes) : _blockBytes;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadOnlyMemory<byte>> WaitAndReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            ReadOnlyMemory<byte> chunk;
            do
            {
                ReturnBlock();
                await _polled.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
            }
            while (!TryReceive(out chunk));
            return chunk;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Failed(e);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FinishAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Failed(e);
        }
    }

    private void ReturnBlock()
    {
        if (Interlocked.Exchange(ref _block, null) is { } block)
            ArrayPool<byte>.Shared.Return(block);
    }

    private IOException Failed(Exception e) =>
        Volatile.Read(ref _aborted) != 0 || e is ObjectDisposedException
            ? new IOException("the connection was aborted", e)
            : new IOException(SocketFailure.Describe((SocketException)e), e);
}

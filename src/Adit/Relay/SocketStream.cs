using System.Buffers;
using System.Net.Sockets;
using System.Numerics;
using System.Runtime.CompilerServices;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>
/// A socket's stream for protocols that say goodbye: closing a TCP socket with bytes unread resets the connection, and the reset can
/// overtake the last message. Disposing it ends our direction and reads on, for a moment, until the peer has closed as well.
/// </summary>
internal sealed class SocketStream : Stream
{
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(1);
    private const int MaxDrained = 4 * 1024 * 1024;

    private const int LeastUnsent = 16 * 1024;
    private const int MostUnsent = 128 * 1024;

    private readonly PolledSocket _socket;
    private int _unsent;
    private int _disposed;

    /// <summary>Takes a socket over.</summary>
    public SocketStream(PolledSocket socket)
    {
        _socket = socket;
        LimitUnsent(MostUnsent);
    }

    /// <summary>
    /// Whether what has arrived is acknowledged before more of it is waited for, and not up to 40 ms later: of use where the peer waits for that
    /// by Nagle's algorithm. The kernel forgets it again and again, so it is told before each read. Default no.
    /// </summary>
    public bool AcknowledgesAtOnce { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int count;
            while (!_socket.TryReceive(buffer.Span, out count))
            {
                if (AcknowledgesAtOnce)
                    AcknowledgesAtOnce = TcpOptions.TryAcknowledge(_socket.Socket);
                await _socket.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
            }

            return count;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Failed(e);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask sending = _socket.SendAsync(buffer, cancellationToken);
        if (sending.IsCompletedSuccessfully)
            return sending;
        LimitUnsent(buffer.Length);
        return FinishAsync(sending);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        try
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                await LingerAsync().ConfigureAwait(false);
        }
        finally
        {
            await base.DisposeAsync().ConfigureAwait(false);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _socket.Close(reset: false);
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask FinishAsync(ValueTask sending)
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

    private static IOException Failed(Exception e) =>
        new(e is SocketException failure ? SocketFailure.Describe(failure) : "the connection was closed", e);

    // What the kernel has taken over cannot be overtaken any more: not by a small packet of another channel either. So it gets no more than
    // keeps the link busy, which is as much as is written at a time: the writer sees to it that that much leaves soon.
    private void LimitUnsent(int written)
    {
        int bytes = Math.Clamp((int)(BitOperations.RoundUpToPowerOf2((uint)written) / 2), LeastUnsent, MostUnsent);
        if (bytes != _unsent && TcpOptions.TryLimitUnsent(_socket.Socket, bytes))
            _unsent = bytes;
    }

    private async Task LingerAsync()
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(SocketDuplex.ChunkBytes);
        try
        {
            using var linger = new CancellationTokenSource(LingerTime);
            _socket.Socket.Shutdown(SocketShutdown.Send);
            int drained = 0;
            while (drained < MaxDrained && await ReadAsync(block, linger.Token).ConfigureAwait(false) is > 0 and var count)
                drained += count;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException or IOException)
        {
            // The peer is gone already, or does not close: then so be it.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}

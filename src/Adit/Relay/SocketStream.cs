using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Adit.Relay;

/// <summary>
/// A socket's stream for protocols that say goodbye: closing a TCP socket with bytes unread resets the connection, and the reset can
/// overtake the last message. Disposing it ends our direction and reads on, for a moment, until the peer has closed as well.
/// </summary>
internal sealed class SocketStream(PolledSocket socket) : Stream
{
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(1);
    private const int MaxDrained = 4 * 1024 * 1024;

    // tcp(7)
    private const int TcpLevel = 6;
    private const int QuickAcknowledgement = 12;

    private int _disposed;

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
            while (!socket.TryReceive(buffer.Span, out count))
            {
                if (AcknowledgesAtOnce && OperatingSystem.IsLinux())
                    Acknowledge();
                await socket.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
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
        ValueTask sending = socket.SendAsync(buffer, cancellationToken);
        return sending.IsCompletedSuccessfully ? sending : FinishAsync(sending);
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
            socket.Close(reset: false);
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

    private void Acknowledge()
    {
        try
        {
            socket.Socket.SetRawSocketOption(TcpLevel, QuickAcknowledgement, "\u0001\0\0\0"u8);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Not a TCP socket, or closed, which the read tells.
            AcknowledgesAtOnce = false;
        }
    }

    private async Task LingerAsync()
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(SocketDuplex.ChunkBytes);
        try
        {
            using var linger = new CancellationTokenSource(LingerTime);
            socket.Socket.Shutdown(SocketShutdown.Send);
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

using System.Buffers;
using System.Net.Sockets;

namespace Adit.Relay;

/// <summary>
/// A socket's stream for protocols that say goodbye: closing a TCP socket with bytes unread resets the connection, and the reset can
/// overtake the last message. Disposing it ends our direction and reads on, for a moment, until the peer has closed as well.
/// </summary>
internal sealed class SocketStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
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

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (AcknowledgesAtOnce && OperatingSystem.IsLinux())
            Acknowledge();
        return base.ReadAsync(buffer, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            await LingerAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void Acknowledge()
    {
        try
        {
            Socket.SetRawSocketOption(TcpLevel, QuickAcknowledgement, "\u0001\0\0\0"u8);
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
            Socket.Shutdown(SocketShutdown.Send);
            int drained = 0;
            while (drained < MaxDrained && await Socket.ReceiveAsync(block, SocketFlags.None, linger.Token).ConfigureAwait(false) is > 0 and var count)
                drained += count;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The peer is gone already, or does not close: then so be it.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}

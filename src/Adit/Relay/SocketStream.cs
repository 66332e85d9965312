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

    private int _disposed;

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            await LingerAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
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

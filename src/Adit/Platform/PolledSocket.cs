using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Adit.Platform;

/// <summary>
/// A connected socket that is asked first and waited for only when it has nothing: on Linux in a <see cref="SocketLoop"/>, elsewhere as .NET does it.
/// It owns the socket. One may read and one may write at a time.
/// </summary>
internal sealed class PolledSocket
{
    private readonly Lock _sync = new();
    private SocketWatch? _watch;
    private bool _isDrained;
    private bool _isClosed;

    /// <summary>Takes a connected socket over; nothing else may read from or write to it from here on.</summary>
    /// <exception cref="SocketException">It is broken already.</exception>
    public PolledSocket(Socket socket)
    {
        Socket = socket;
        socket.Blocking = false;
    }

    public Socket Socket { get; }

    /// <summary>Reads what is there.</summary>
    /// <returns>False where nothing is there; zero bytes are the end.</returns>
    /// <exception cref="SocketException">The connection failed.</exception>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public bool TryReceive(Span<byte> buffer, out int count)
    {
        // A read of TCP that did not fill its buffer took all there was; what came since is told.
        count = 0;
        if (_isDrained)
            return false;
        count = Socket.Receive(buffer, SocketFlags.None, out SocketError error);
        if (error is SocketError.WouldBlock)
            return false;
        if (error is not SocketError.Success)
            throw new SocketException((int)error);
        _isDrained = OperatingSystem.IsLinux() && count > 0 && count < buffer.Length && Socket.ProtocolType is ProtocolType.Tcp && _watch is { MayLeaveMore: false };
        return true;
    }

    /// <summary>Waits until <see cref="TryReceive"/> is worth another try.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public ValueTask WaitToReceiveAsync(CancellationToken cancellationToken)
    {
        _isDrained = false;
        return OperatingSystem.IsLinux() ? Watch().Readable.WaitAsync(cancellationToken) : WaitForBytesAsync(cancellationToken);
    }

    /// <summary>Sends all of it.</summary>
    /// <exception cref="SocketException">The connection failed.</exception>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            return TrySend(ref data) ? default : SendRestAsync(data, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException(e);
        }
    }

    /// <summary>Closes it: at once, with a reset, or in order. Who waits is told.</summary>
    public void Close(bool reset)
    {
        lock (_sync)
        {
            _isClosed = true;
            if (OperatingSystem.IsLinux())
                _watch?.Dispose();
        }

        // A close with timeout 0 is a reset on TCP (SO_LINGER 0), and ends the calls under way.
        if (reset)
            Socket.Close(timeout: 0);
        else
            Socket.Dispose();
    }

    private bool TrySend(ref ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            int sent = Socket.Send(data.Span, SocketFlags.None, out SocketError error);
            if (error is SocketError.WouldBlock)
                return false;
            if (error is not SocketError.Success)
                throw new SocketException((int)error);
            data = data[sent..];
        }

        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendRestAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            while (!data.IsEmpty)
                data = data[await Socket.SendAsync(data, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
            return;
        }

        do
            await Watch().Writable.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (!TrySend(ref data));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitForBytesAsync(CancellationToken cancellationToken) =>
        await Socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);

    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    private SocketWatch Watch()
    {
        if (_watch is { } watch)
            return watch;
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_isClosed, Socket);
            return _watch ??= new(Socket.SafeHandle);
        }
    }
}

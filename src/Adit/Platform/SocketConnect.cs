using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>Connects a socket without .NET's engine, which would wake for everything that arrives on it from then on, beside the <see cref="SocketLoop"/>.</summary>
internal static class SocketConnect
{
    /// <summary>Connects it.</summary>
    /// <exception cref="SocketException">The connection could not be made.</exception>
    public static async ValueTask RunAsync(Socket socket, EndPoint target, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            await socket.ConnectAsync(target, cancellationToken).ConfigureAwait(false);
            return;
        }

        cancellationToken.ThrowIfCancellationRequested();
        socket.Blocking = false;
        // .NET has no other word than an exception for what goes on by itself. An own connect(2) would go past those who stand in for it: torsocks.
        try
        {
            socket.Connect(target);
            return;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress && target is IPEndPoint)
        {
            // Its outcome is told by the socket.
        }

        using (SocketWatch watch = Watch(socket))
        {
            // The first word may be that there is nothing to say yet.
            while (!socket.Poll(0, SelectMode.SelectWrite) && !socket.Poll(0, SelectMode.SelectError))
                await watch.Writable.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        // Who is connected now begins a conversation.
        await PoolTurn.Begin;
        if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error and not 0)
            throw new SocketException(error);

        // To ask is what tells the socket.
        if (!socket.Connected)
            throw new SocketException((int)SocketError.ConnectionReset);
    }

    [SupportedOSPlatform("linux")]
    private static SocketWatch Watch(Socket socket)
    {
        try
        {
            return new(socket.SafeHandle);
        }
        catch (IOException)
        {
            throw new SocketException((int)SocketError.NoBufferSpaceAvailable);
        }
    }
}

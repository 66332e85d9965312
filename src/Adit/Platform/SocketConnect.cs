using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>Connects a socket without .NET's engine, which would wake for everything that arrives on it from then on, beside the <see cref="SocketLoop"/>.</summary>
internal static partial class SocketConnect
{
    private const int InProgress = 115;

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
        if (target is IPEndPoint && IsUnderWay(socket, target))
        {
            using (SocketWatch watch = Watch(socket))
            {
                // The first word may be that there is nothing to say yet.
                while (!socket.Poll(0, SelectMode.SelectWrite) && !socket.Poll(0, SelectMode.SelectError))
                    await watch.Writable.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            // Who is connected now begins a conversation.
            await PoolTurn.Begin;
        }

        // A second connect(2) is told what became of the first one, and tells .NET.
        socket.Connect(target);
    }

    // .NET has no other word for this than an exception, of which each connection would have one.
    private static bool IsUnderWay(Socket socket, EndPoint target)
    {
        SocketAddress address = target.Serialize();
        return Connect(socket.SafeHandle, address.Buffer.Span, address.Size) < 0 && Marshal.GetLastPInvokeError() == InProgress;
    }

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(SafeSocketHandle socket, ReadOnlySpan<byte> address, int size);

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

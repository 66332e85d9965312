using System.Net.Sockets;

namespace Adit.Cli;

/// <summary>Where what waits for a socket goes on.</summary>
internal static class SocketCompletions
{
    private const string Setting = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>
    /// Has it go on where the socket is watched, without waking another thread, unless the setting says something already. .NET reads that from the
    /// environment when the first operation of a socket waits. That is one of our own, so that the setting is gone before another program is
    /// started, which would get it too.
    /// </summary>
    public static void GoOnWhereWatched()
    {
        if (Environment.GetEnvironmentVariable(Setting) is not null)
            return;
        Environment.SetEnvironmentVariable(Setting, "1");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        using var nothing = new SocketAsyncEventArgs();
        nothing.SetBuffer(new byte[1]);
        socket.ReceiveAsync(nothing);
        Environment.SetEnvironmentVariable(Setting, null);
    }
}

using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>A connection that standard input and output are, as inetd and systemd (<c>StandardInput=socket</c>) hand it over.</summary>
[SupportedOSPlatform("linux")]
internal static class StandardSocket
{
    private const int Input = 0;

    /// <summary>Whether standard error leads to the peer too, so that nothing may be said there.</summary>
    public static bool IsErrorToo { get; } = TargetOf(Input) is { } target && IsSocket(target) && TargetOf(StandardDescriptors.Error) == target;

    /// <summary>Takes the connection over; the standard descriptors lead nowhere from here on. Null where standard input is no socket.</summary>
    /// <exception cref="IOException">It is a socket that cannot be served.</exception>
    public static IncomingConnection? Take()
    {
        if (TargetOf(Input) is not { } target || !IsSocket(target))
            return null;
        Socket socket = new(LinuxCalls.DuplicateSocket(Input));
        try
        {
            if (socket.SocketType is not SocketType.Stream)
                throw new IOException("standard input is no stream socket; inetd's line needs stream tcp nowait");
            if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0)
                throw new IOException("standard input is a socket that listens; inetd's line needs nowait, xinetd's block wait = no");
            string? path = socket.AddressFamily is AddressFamily.Unix ? socket.LocalEndPoint?.ToString() is { Length: > 0 } named ? named : "/dev/stdin" : null;
            SocketConnection connection = SocketConnection.From(socket, path);
            // Who waits for the end of the connection would wait for all of its descriptors.
            StandardDescriptors.LeadNowhere(IsErrorToo ? [Input, StandardDescriptors.Output, StandardDescriptors.Error] : [Input, StandardDescriptors.Output]);
            return connection;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"the connection on standard input cannot be served: {SocketFailure.Describe(e)}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsSocket(string target) => target.StartsWith("socket:[", StringComparison.Ordinal);

    private static string? TargetOf(int descriptor)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using System.Net.Sockets;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Relay;

/// <summary>
/// The file of a listening Unix socket: made with its final rights, in place of a file that a dead listener left behind but never of
/// a live one's, and removed in the end.
/// </summary>
internal sealed class UnixSocketFile
{
    private readonly ulong? _inode;

    private UnixSocketFile(string path, ulong? inode)
    {
        Path = path;
        _inode = inode;
    }

    internal string Path { get; }

    internal static UnixSocketFile Bind(Socket socket, string path, LocalListenerOptions options)
    {
        UnixDomainSocketEndPoint address = AddressOf(path);
        bool hasFile = !UnixAddress.IsAbstract(path);
        if (hasFile)
            RestrictBeforeBind(socket, options.UnixMode);
        try
        {
            if (hasFile)
            {
                RemoveLeft(path);
                MakeRoom(path, address, options.Unlink);
            }

            socket.Bind(address);
            socket.Listen(options.Backlog);
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new ListenException(path, ListenFailure.InUse, "another program listens there; choose another path or stop it", e)
                : new ListenException(path, ListenFailure.PathNotUsable,
                    e.SocketErrorCode == SocketError.AddressNotAvailable ? "its folder does not exist; make it first" : SocketFailure.Describe(e), e);
        }
        if (!hasFile)
            return new(path, null);
        ProtectAfterBind(path, options.UnixMode);
        return new(path, UnixFile.Look(path)?.Inode);
    }

    internal void Remove()
    {
        if (_inode is { } inode)
            Remove(Path, inode);
    }

    /// <summary>Removes the file of a socket; another one that has come in its place stays.</summary>
    internal static void Remove(string path, ulong inode)
    {
        if (UnixFile.Look(path) is { IsSocket: true } file && file.Inode == inode)
            File.Delete(path);
    }

    private static UnixDomainSocketEndPoint AddressOf(string path)
    {
        try
        {
            return UnixAddress.Of(path);
        }
        catch (FormatException e)
        {
            throw new ListenException(path, ListenFailure.PathNotUsable, e.Message, e);
        }
    }

    /// <summary>On Linux the file gets the rights of the unbound socket less the umask, so there is no moment at which others may connect.</summary>
    internal static void RestrictBeforeBind(Socket socket, UnixFileMode mode)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using SafeFileHandle descriptor = new(socket.Handle, ownsHandle: false);
        File.SetUnixFileMode(descriptor, mode);
    }

    private static void ProtectAfterBind(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
            return;
        // The umask takes bits away only; a mode that is meant to be wider than it allows is set here.
        if (File.GetUnixFileMode(path) != mode)
            File.SetUnixFileMode(path, mode);
    }

    private static void MakeRoom(string path, UnixDomainSocketEndPoint address, bool evenIfLive)
    {
        if (UnixFile.Look(path) is not { } found)
            return;
        if (!found.IsSocket)
            throw new ListenException(path, ListenFailure.PathNotUsable, "something that is no socket is in its place; move it away");
        if (!evenIfLive && Answers(address))
            throw new ListenException(path, ListenFailure.InUse, "another program listens there; choose another path or stop it");
        if (!OperatingSystem.IsWindows() && found.Owner != LinuxCalls.GetEffectiveUserId())
        {
            throw new ListenException(path, ListenFailure.PathNotUsable,
                $"a socket of another user (uid {found.Owner}) is in its place; choose another path");
        }
        RemoveStale(path, found);
    }

    /// <summary>Whether somebody listens at a socket's file, as far as can be told without disturbing them.</summary>
    internal static bool Answers(UnixDomainSocketEndPoint address)
    {
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        // A live listener with a full queue does not refuse, it lets the caller wait; a call that does not wait tells the two apart.
        probe.Blocking = false;
        try
        {
            probe.Connect(address);
            return true;
        }
        catch (SocketException e)
        {
            // Only a refusal says that nobody listens. Anything else, such as a missing permission, may hide a live one.
            return e.SocketErrorCode != SocketError.ConnectionRefused;
        }
    }

    /// <summary>Removes dead sockets that a killed process left beside a path when it was about to put one there, or to remove one.</summary>
    internal static void RemoveLeft(string path) =>
        AsideName.RemoveLeft(path, static (beside, left) => left.IsSocket && !Answers(new(beside)));

    private static void RemoveStale(string path, UnixFile stale)
    {
        try
        {
            if (stale.TryRemove(path))
                return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ListenException(path, ListenFailure.PathNotUsable, $"a dead socket cannot be removed: {e.Message}", e);
        }
        throw new ListenException(path, ListenFailure.InUse, "another program began to listen there just now");
    }
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Adit.Platform;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Mux;

/// <summary>
/// The listening socket of a master. It is made under a name of its own, 0600, and moved to the control path once it listens, so that
/// whoever finds it there is answered. A live one is never replaced; at the end it is removed only if it is still this one.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class ControlSocketFile : IDisposable
{
    private const int Backlog = 64;
    private const int Exists = 17;

    // struct sockaddr_un holds 108 bytes, the last of them zero.
    private const int MaxAddress = 107;
    private const int MaxPath = MaxAddress - AsideName.Length;

    private readonly ulong _inode;
    private int _disposed;

    private ControlSocketFile(string path, Socket socket, ulong inode)
    {
        Path = path;
        Socket = socket;
        _inode = inode;
    }

    internal string Path { get; }

    internal Socket Socket { get; }

    /// <summary>Looks at what is at a path, without disturbing a master there.</summary>
    /// <exception cref="MuxException">The path is too long for a socket.</exception>
    internal static ControlSocketState Look(string path)
    {
        RequireFitting(path, MaxAddress);
        if (UnixFile.Look(path) is not { } file)
            return ControlSocketState.Absent;
        if (!file.IsSocket)
            return ControlSocketState.Foreign;
        if (UnixSocketFile.Answers(new(path)))
            return ControlSocketState.Live;
        return file.Owner == LinuxCalls.GetEffectiveUserId() ? ControlSocketState.Dead : ControlSocketState.Foreign;
    }

    /// <summary>Listens at a path, in place of a dead socket there.</summary>
    /// <exception cref="MuxException">The path is taken, or cannot be used; nothing is left behind.</exception>
    internal static ControlSocketFile Listen(string path)
    {
        RequireFitting(path, MaxPath);
        // Of two who find a dead socket, the slower one would else remove what the faster one has put in its place.
        using FolderLock mine = FolderLock.Take(path);
        UnixSocketFile.RemoveLeft(path);
        RemoveDead(path);
        string temporary = AsideName.For(path);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            UnixSocketFile.RestrictBeforeBind(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Bind(new UnixDomainSocketEndPoint(temporary));
            socket.Listen(Backlog);
            ulong inode = UnixFile.Look(temporary)?.Inode ?? throw new MuxException($"the control socket {temporary} vanished as it was made");
            MoveIntoPlace(temporary, path);
            return new(path, socket, inode);
        }
        catch (Exception e)
        {
            socket.Dispose(); // removes the temporary file, which it bound
            if (e is SocketException or IOException and not MuxException or UnauthorizedAccessException)
                throw Unusable(path, e is SocketException failure ? Describe(failure) : e.Message, e);
            throw;
        }
    }

    /// <summary>Stops listening and removes the file.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        // While the socket lives its number is no other file's.
        UnixSocketFile.Remove(Path, _inode);
        Socket.Dispose();
    }

    private static void MoveIntoPlace(string temporary, string path)
    {
        // A link fails where something is in its place; a rename would replace it.
        if (Link(temporary, path) == 0)
        {
            File.Delete(temporary);
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        throw error == Exists ? Taken(path) : Unusable(path, Marshal.GetPInvokeErrorMessage(error), null);
    }

    private static void RemoveDead(string path)
    {
        switch (Look(path))
        {
            case ControlSocketState.Live:
                throw Taken(path);
            case ControlSocketState.Foreign:
                throw Unusable(path, "something is in its place that is no socket of this user's; move it away, or set another ControlPath", null);
            case ControlSocketState.Dead when UnixFile.Look(path) is { } dead:
                Remove(path, dead);
                break;
        }
    }

    private static void Remove(string path, UnixFile dead)
    {
        try
        {
            if (dead.TryRemove(path))
                return;
        }
        catch (FileNotFoundException)
        {
            return; // another one removed it
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, $"a dead socket there cannot be removed: {e.Message}", e);
        }

        throw Taken(path);
    }

    private static void RequireFitting(string path, int limit)
    {
        int bytes = Encoding.UTF8.GetByteCount(path);
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            throw new MuxException("ControlPath is not the path of a socket");
        if (bytes > limit)
            throw new MuxException($"ControlPath \"{Printable.Text(path)}\" is too long: {bytes} bytes, and {limit} are the most; shorten it, for example with %C");
    }

    private static MuxException Taken(string path) =>
        new($"the control socket {Printable.Text(path)} belongs to another master, so this connection is not shared; "
            + "end that one with -O exit, or set another ControlPath");

    private static MuxException Unusable(string path, string reason, Exception? e) =>
        new($"no control socket can be made at {Printable.Text(path)}: {reason}", e);

    private static string Describe(SocketException e) =>
        e.SocketErrorCode == SocketError.AddressNotAvailable ? "its folder does not exist; make it first" : SocketFailure.Describe(e);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);
}

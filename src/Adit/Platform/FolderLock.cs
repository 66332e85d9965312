using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>
/// One at a time in a folder: for who looks at a file there and then removes it, while another one does the same and puts its own in its place.
/// Given back when it is disposed, or the process ends (flock(2)). Programs that take no lock are not held up.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class FolderLock : IDisposable
{
    private const int ReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC
    private const int ExclusiveAtOnce = 2 | 4; // LOCK_EX | LOCK_NB
    private const int MaxTries = 200;
    private const int PauseMilliseconds = 10;

    private readonly SafeFileHandle _folder;

    private FolderLock(SafeFileHandle folder) => _folder = folder;

    /// <summary>
    /// Waits for a file's folder, 2 s at most. Who is kept out of it longer, as another user may do to a folder that he can read, goes on without:
    /// that is no worse than no lock at all.
    /// </summary>
    internal static FolderLock Take(string path)
    {
        SafeFileHandle folder = Open(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", ReadOnly);
        for (int tries = 1; !folder.IsInvalid && Lock(folder, ExclusiveAtOnce) != 0 && tries < MaxTries; tries++)
            Thread.Sleep(PauseMilliseconds);
        return new(folder);
    }

    public void Dispose() => _folder.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);
}

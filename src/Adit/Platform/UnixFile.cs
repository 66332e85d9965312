using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>What a path itself is, links not followed (statx(2)).</summary>
internal readonly partial record struct UnixFile(bool IsSocket, bool IsRegular, bool IsFolder, uint Owner, ulong Inode)
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int OfDescriptor = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const int StatxBytes = 256;
    private const int OwnerOffset = 20;
    private const int ModeOffset = 28;
    private const int InodeOffset = 32;
    private const int TypeMask = 0xf000;
    private const int TypeSocket = 0xc000;
    private const int TypeRegular = 0x8000;
    private const int TypeFolder = 0x4000;

    /// <summary>Looks; null where there is nothing, or nothing that may be seen.</summary>
    internal static UnixFile? Look(string path)
    {
        if (!OperatingSystem.IsLinux())
            return File.Exists(path) ? new(IsSocket: false, IsRegular: true, IsFolder: false, 0, 0) : null;
        Span<byte> stat = stackalloc byte[StatxBytes];
        return Statx(CurrentDirectory, path, NoFollow, BasicStats, stat) == 0 ? Read(stat) : null;
    }

    /// <summary>Looks at what was opened; null where the system does not tell.</summary>
    internal static UnixFile? Look(SafeFileHandle opened)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> stat = stackalloc byte[StatxBytes];
        return Statx(opened, string.Empty, OfDescriptor, BasicStats, stat) == 0 ? Read(stat) : null;
    }

    /// <summary>
    /// Removes it from the path where it was seen. The name is moved away before the file is removed, since another program may have come to
    /// the path since the look at it. False where one has, and is back in its place.
    /// </summary>
    /// <exception cref="FileNotFoundException">Another one removed it.</exception>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be removed.</exception>
    internal bool TryRemove(string path)
    {
        string aside = AsideName.For(path);
        File.Move(path, aside, overwrite: false);
        if (Look(aside) is { } moved && moved.Inode == Inode)
        {
            File.Delete(aside);
            return true;
        }

        File.Move(aside, path, overwrite: false);
        return false;
    }

    private static UnixFile Read(ReadOnlySpan<byte> stat)
    {
        int type = MemoryMarshal.Read<ushort>(stat[ModeOffset..]) & TypeMask;
        return new(type == TypeSocket, type == TypeRegular, type == TypeFolder, MemoryMarshal.Read<uint>(stat[OwnerOffset..]), MemoryMarshal.Read<ulong>(stat[InodeOffset..]));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Span<byte> result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, Span<byte> result);
}

using System.Runtime.InteropServices;
using System.Text;
using Adit.Wording;

namespace Adit.Platform;

/// <summary>A file as the kernel knows it, whatever it is called (statx(2)).</summary>
internal readonly partial record struct ProgramFile(ulong Device, ulong Inode)
{
    private const int CurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const int StatxBytes = 256;
    private const int ModeOffset = 28;
    private const int InodeOffset = 32;
    private const int DeviceOffset = 136;
    private const int TypeMask = 0xf000;
    private const int TypeFile = 0x8000;
    private const int AnyExecute = 0x49;
    private const int MaxPath = 64;
    private const int MaxLink = 4096;

    /// <summary>The program at a path, links followed; null where there is none.</summary>
    internal static ProgramFile? At(string path) => At(Encoding.UTF8.GetBytes(path + "\0"));

    /// <summary>The program that a process runs; null where that cannot be told.</summary>
    internal static ProgramFile? Of(int pid)
    {
        Span<byte> memory = stackalloc byte[MaxPath];
        return At(ProcFolder.Path(memory, pid, "/exe\0"u8));
    }

    /// <summary>The path of the program that a process runs, fit to be shown; null where that cannot be told.</summary>
    internal static string? PathOf(int pid)
    {
        Span<byte> memory = stackalloc byte[MaxPath];
        Span<byte> target = stackalloc byte[MaxLink];
        ReadOnlySpan<byte> path = ProcFolder.Path(memory, pid, "/exe\0"u8);
        nint length = ProcessCalls.ReadLink(CurrentDirectory, ref MemoryMarshal.GetReference(path), target, MaxLink);
        return length > 0 ? Printable.Text(Encoding.UTF8.GetString(target[..(int)length])) : null;
    }

    private static ProgramFile? At(ReadOnlySpan<byte> path)
    {
        Span<byte> stat = stackalloc byte[StatxBytes];
        if (Statx(CurrentDirectory, path, 0, BasicStats, stat) != 0)
            return null;
        int mode = MemoryMarshal.Read<ushort>(stat[ModeOffset..]);
        return (mode & TypeMask) == TypeFile && (mode & AnyExecute) != 0
            ? new(MemoryMarshal.Read<ulong>(stat[DeviceOffset..]), MemoryMarshal.Read<ulong>(stat[InodeOffset..]))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(int directory, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> result);
}

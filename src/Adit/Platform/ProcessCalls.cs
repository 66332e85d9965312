using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>
/// The calls of the C library that looking at processes takes: on bare descriptors and bytes, since one look makes hundreds of them.
/// Paths end in a zero byte.
/// </summary>
internal static partial class ProcessCalls
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;
    private const int Nothing = -1;
    private const short Readable = 1;
    private const nint PidfdOpenNumber = 434; // the same on every architecture

    // O_DIRECTORY and getdents64 have numbers of their own on each architecture.
    private static readonly int DirectoryFlag = IsArm ? 0x4000 : 0x10000;
    private static readonly nint GetDirectoryEntriesNumber = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 217,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 61,
        _ => Nothing, // no such call: the look finds nobody, who is then refused
    };

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;

    /// <summary>Opens a folder; a negative number where that is not possible.</summary>
    internal static int OpenFolder(ReadOnlySpan<byte> path) => Open(path, ReadOnly | CloseOnExec | DirectoryFlag);

    /// <summary>Reads the next entries of a folder (struct linux_dirent64); 0 at its end, negative where it is gone.</summary>
    internal static int ReadFolder(int folder, Span<byte> entries) =>
        (int)GetDirectoryEntries(GetDirectoryEntriesNumber, folder, entries, entries.Length);

    /// <summary>Reads the beginning of a file at once; the number of bytes, negative where that is not possible.</summary>
    internal static int ReadFile(ReadOnlySpan<byte> path, Span<byte> content)
    {
        int descriptor = Open(path, ReadOnly | CloseOnExec);
        if (descriptor < 0)
            return descriptor;
        int read = (int)Read(descriptor, content, (nuint)content.Length);
        _ = Close(descriptor);
        return read;
    }

    /// <summary>A descriptor that stands for one process, whatever becomes of its number; negative where there is none.</summary>
    internal static int OpenProcess(int pid) => (int)PidfdOpen(PidfdOpenNumber, pid, 0);

    /// <summary>As <see cref="OpenProcess"/>, for who holds it longer; null where there is none.</summary>
    internal static SafeFileHandle? HoldProcess(int pid) => OpenProcess(pid) is >= 0 and var descriptor ? new(descriptor, ownsHandle: true) : null;

    /// <summary>As <see cref="HasEnded(int)"/>.</summary>
    internal static bool? HasEnded(SafeFileHandle process)
    {
        bool added = false;
        try
        {
            process.DangerousAddRef(ref added);
            return HasEnded((int)process.DangerousGetHandle());
        }
        finally
        {
            if (added)
                process.DangerousRelease();
        }
    }

    /// <summary>Whether the process of such a descriptor has ended; null where that cannot be told.</summary>
    internal static bool? HasEnded(int process)
    {
        PollEntry entry = new() { Descriptor = process, Events = Readable };
        return Poll(ref entry, 1, 0) switch
        {
            0 => false,
            1 => true,
            _ => null,
        };
    }

    /// <summary>Where a link leads: the number of bytes, negative where it is gone.</summary>
    [LibraryImport("libc", EntryPoint = "readlinkat")]
    internal static partial nint ReadLink(int folder, ref byte name, Span<byte> target, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    internal static partial int Control(int descriptor, nuint request, Span<byte> argument);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(ReadOnlySpan<byte> path, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, Span<byte> content, nuint length);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint GetDirectoryEntries(nint number, nint folder, Span<byte> entries, nint length);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint PidfdOpen(nint number, nint pid, nint flags);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entry, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}

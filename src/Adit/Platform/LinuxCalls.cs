using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>The few calls of the C library for which .NET has no word.</summary>
internal static partial class LinuxCalls
{
    internal const byte FamilyInet = 2;
    internal const byte FamilyInet6 = 10;

    private const int FamilyNetlink = 16;
    private const int SocketRaw = 3;
    private const int CloseOnExec = 0x80000;
    private const int NetlinkSockDiag = 4;
    private const nuint SetCloseOnExec = 0x5451; // FIOCLEX
    private const int DoNotWait = 0x40;
    private const int SetStatusFlags = 4;
    private const int Append = 0x400;
    private const int DuplicateCloseOnExec = 1030;

    /// <summary>The user by whose rights this process acts.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    [UnsupportedOSPlatform("windows")]
    internal static partial uint GetEffectiveUserId();

    /// <summary>Makes this process the leader of a session of its own, which no terminal ends; a negative number where it is one already.</summary>
    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    [UnsupportedOSPlatform("windows")]
    internal static partial int BeginSession();

    /// <summary>Sends a signal to a process; a negative number where that failed.</summary>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [UnsupportedOSPlatform("windows")]
    internal static partial int Kill(int pid, int signal);

    /// <summary>Has every write to a file go to its end, whoever else writes to it. False where that failed.</summary>
    internal static bool WriteAtEnd(SafeFileHandle file) => Control(file, SetStatusFlags, Append) >= 0;

    /// <summary>Keeps a descriptor from the programs that this process starts.</summary>
    [UnsupportedOSPlatform("windows")]
    internal static void CloseOnExecution(SafeHandle descriptor) => _ = ControlDevice(descriptor, SetCloseOnExec);

    /// <summary>Closes what a descriptor led to, and keeps its number from being given to something else.</summary>
    [UnsupportedOSPlatform("windows")]
    internal static void LeadNowhere(int descriptor)
    {
        using SafeFileHandle nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        _ = Duplicate(nothing, descriptor);
    }

    /// <summary>Another descriptor, for this process alone, of the socket that a standard descriptor leads to.</summary>
    /// <exception cref="IOException">There is no such descriptor.</exception>
    [UnsupportedOSPlatform("windows")]
    internal static SafeSocketHandle DuplicateSocket(int descriptor)
    {
        using SafeFileHandle from = new(descriptor, ownsHandle: false);
        int copy = Control(from, DuplicateCloseOnExec, StandardDescriptors.Error + 1);
        return copy >= 0 ? new(copy, ownsHandle: true) : throw new IOException($"descriptor {descriptor} is not open");
    }

    /// <summary>Sends one request and reads one answer, which the kernel has written by the time that the request was taken.</summary>
    /// <returns>The bytes of the answer, or a negative number where the kernel does not serve this.</returns>
    internal static int AskNetlinkSockDiag(ReadOnlySpan<byte> request, Span<byte> reply)
    {
        int descriptor = OpenSocket(FamilyNetlink, SocketRaw | CloseOnExec, NetlinkSockDiag);
        if (descriptor < 0)
            return -1;
        using SafeFileHandle owner = new(descriptor, ownsHandle: true);
        return Send(owner, request, (nuint)request.Length, 0) == request.Length
            ? (int)Receive(owner, reply, (nuint)reply.Length, DoNotWait)
            : -1;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlDevice(SafeHandle descriptor, nuint request);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(SafeHandle from, int to);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int OpenSocket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> data, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> data, nuint length, int flags);
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>epoll(7).</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class EpollCalls
{
    internal const uint In = 0x1;
    internal const uint Urgent = 0x2;
    internal const uint Out = 0x4;
    internal const uint Error = 0x8;
    internal const uint HangUp = 0x10;
    internal const uint PeerEnded = 0x2000;
    internal const uint OnChange = 1u << 31;

    private const int CloseOnExec = 0x80000;
    private const int Add = 1;
    private const int Delete = 2;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? sizeof(uint) : sizeof(ulong);

    internal static int EventBytes { get; } = DataOffset + sizeof(ulong);

    internal static SafeFileHandle Create()
    {
        int descriptor = CreateDescriptor(CloseOnExec);
        return descriptor >= 0 ? new(descriptor, ownsHandle: true) : throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    /// <exception cref="IOException">There is no room for it.</exception>
    internal static void Watch(SafeFileHandle epoll, SafeSocketHandle socket, uint events, ulong data)
    {
        Span<byte> wanted = stackalloc byte[EventBytes];
        wanted.Clear();
        MemoryMarshal.Write(wanted, events);
        MemoryMarshal.Write(wanted[DataOffset..], data);
        if (Control(epoll, Add, socket, wanted) < 0)
            throw new IOException($"the socket cannot be watched: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    internal static void Forget(SafeFileHandle epoll, SafeSocketHandle socket) => _ = Control(epoll, Delete, socket, default);

    /// <summary>Waits for events; how many there are, none where the wait was interrupted.</summary>
    internal static int Wait(SafeFileHandle epoll, Span<byte> events, bool mayWait) =>
        Math.Max(0, Wait(epoll, events, events.Length / EventBytes, mayWait ? -1 : 0));

    internal static (uint Events, ulong Data) Read(ReadOnlySpan<byte> events, int index)
    {
        ReadOnlySpan<byte> one = events.Slice(index * EventBytes, EventBytes);
        return (MemoryMarshal.Read<uint>(one), MemoryMarshal.Read<ulong>(one[DataOffset..]));
    }

    /// <summary>Whoever waits for this processor gets it first, sched_yield(2).</summary>
    internal static void LetOthersRun() => _ = Yield();

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int CreateDescriptor(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle epoll, int operation, SafeSocketHandle socket, ReadOnlySpan<byte> wanted);

    [LibraryImport("libc", EntryPoint = "sched_yield")]
    private static partial int Yield();

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    private static partial int Wait(SafeFileHandle epoll, Span<byte> events, int most, int milliseconds);
}

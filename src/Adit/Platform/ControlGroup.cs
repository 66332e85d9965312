using System.Runtime.InteropServices;

namespace Adit.Platform;

/// <summary>The control groups of processes (cgroups(7), the second version), by the number that sock_diag(7) gives for sockets.</summary>
internal static class ControlGroup
{
    // PIDFD_GET_INFO, _IOWR(0xFF, 11, struct pidfd_info), of Linux 6.13; the group's number follows the mask of what was asked.
    private const nuint GetInfo = 0xC040FF0B;
    private const int InfoBytes = 64;
    private const int GroupOffset = 8;
    private const ulong GroupAsked = 4;

    /// <summary>The group of a process; null where the kernel does not tell.</summary>
    internal static ulong? Of(int pid)
    {
        int process = ProcessCalls.OpenProcess(pid);
        if (process < 0)
            return null;
        Span<byte> info = stackalloc byte[InfoBytes];
        info.Clear();
        MemoryMarshal.Write(info, GroupAsked);
        int result = ProcessCalls.Control(process, GetInfo, info);
        _ = ProcessCalls.Close(process);
        return result == 0 && (MemoryMarshal.Read<ulong>(info) & GroupAsked) != 0 ? MemoryMarshal.Read<ulong>(info[GroupOffset..]) : null;
    }
}

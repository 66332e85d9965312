using System.Diagnostics;

namespace Adit.Platform;

/// <summary>Which processes hold a socket, by their descriptors in /proc, as far as this process may look at them.</summary>
internal static class SocketHolders
{
    private const int ChunkBytes = 8 * 1024;
    private const int MaxLink = 64;

    /// <summary>Whether a process holds the socket. A process that is gone or hidden does not.</summary>
    internal static bool Holds(int pid, ulong inode)
    {
        Span<byte> wanted = stackalloc byte[MaxLink];
        "socket:["u8.CopyTo(wanted);
        _ = inode.TryFormat(wanted[8..], out int digits);
        wanted[8 + digits] = (byte)']';
        wanted = wanted[..(9 + digits)];
        Span<byte> target = stackalloc byte[MaxLink];
        using ProcFolder descriptors = ProcFolder.Descriptors(pid, stackalloc byte[ChunkBytes]);
        while (descriptors.Next())
        {
            if (descriptors.Target(target).SequenceEqual(wanted))
                return true;
        }
        return false;
    }

    /// <summary>Every process that is seen to hold the socket.</summary>
    internal static List<int> All(ulong inode, CancellationToken cancellationToken)
    {
        List<int> holders = [];
        foreach (int pid in ProcessStatus.Numbers())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Holds(pid, inode))
                holders.Add(pid);
        }
        return holders;
    }

    /// <summary>The process that holds the socket, of several the one that the others have it from; null where none is seen, or not in time.</summary>
    internal static int? Any(ulong inode, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        foreach (int pid in ProcessStatus.Numbers())
        {
            if (Holds(pid, inode))
                return Eldest(pid, inode);
            if (Stopwatch.GetElapsedTime(began) > limit)
                return null;
        }
        return null;
    }

    // A child has all the descriptors of its parent until it runs a program of its own.
    private static int Eldest(int pid, ulong inode)
    {
        while (ProcessStatus.Look(pid) is { Parent: > 0 } process && Holds(process.Parent, inode))
            pid = process.Parent;
        return pid;
    }
}

using System.Diagnostics;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>Finds out more about a peer that was refused, for people to read, as far as that is cheap.</summary>
internal static class PeerSearch
{
    // For one peer, and for all: who is refused a thousand times a second is not looked for each time.
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(2);
    private const double Share = 0.1;

    private static readonly Lock Sync = new();
    private static TimeSpan _spent;
    private static long _counted = Stopwatch.GetTimestamp();

    /// <summary>The identity with process and program, where they can be told.</summary>
    internal static PeerIdentity Complete(PeerIdentity peer)
    {
        if (!OperatingSystem.IsLinux())
            return peer;
        int? pid = peer.Pid;
        if (pid is null && peer.SocketInode != 0)
            pid = Search(peer.SocketInode);
        else if (peer.ProcessStart is null || pid is null || ProcessStatus.Look(pid.Value)?.Start != peer.ProcessStart)
            return peer;
        return pid is { } found ? peer with { Pid = found, Executable = ProgramFile.PathOf(found) } : peer;
    }

    private static int? Search(ulong inode)
    {
        lock (Sync)
        {
            _spent -= Stopwatch.GetElapsedTime(_counted) * Share;
            _counted = Stopwatch.GetTimestamp();
            if (_spent < TimeSpan.Zero)
                _spent = TimeSpan.Zero;
            if (_spent > Burst)
                return null;
        }
        long began = Stopwatch.GetTimestamp();
        int? found = SocketHolders.Any(inode, Limit);
        lock (Sync)
            _spent += Stopwatch.GetElapsedTime(began);
        return found;
    }
}

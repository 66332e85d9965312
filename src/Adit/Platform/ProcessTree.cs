using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>A process and its descendants, as long as that process lives.</summary>
/// <remarks>
/// A descendant is who leads to the process by parents, or by the process that began its session, which only descendants can be members
/// of. So one whose own parent has ended still is one while the beginner of its session is in the tree: what a shell that is the root
/// leaves in the background, for example. What begins a session of its own and outlives its parent (a daemon) has left the tree, and so has
/// everybody once the root has ended. Parents are those of the moment of the look: the kernel does not remember former ones.
/// </remarks>
internal sealed class ProcessTree
{
    private const int MaxAncestors = 4096;
    private const int MaxNewcomers = 64;

    private readonly SafeFileHandle? _handle;
    private readonly ProcessStatus _root;

    private volatile Census _last;

    private ProcessTree(ProcessStatus root, SafeFileHandle? handle)
    {
        _root = root;
        _handle = handle;
        _last = new([root], [root.Pid]);
    }

    /// <summary>The number of the process at the root.</summary>
    internal int Root => _root.Pid;

    /// <summary>Whether the process at the root lives; another one that got its number does not count.</summary>
    internal bool IsAlive => _handle is null
        ? ProcessStatus.Look(_root.Pid) is { HasEnded: false } now && now.Start == _root.Start
        : ProcessCalls.HasEnded(_handle) == false;

    /// <summary>Takes hold of a process.</summary>
    /// <exception cref="FormatException">There is no such process.</exception>
    internal static ProcessTree Of(int pid)
    {
        SafeFileHandle? handle = ProcessCalls.HoldProcess(pid);
        // Looked at while the handle says that it lives, so that the start is that of the same process.
        if (ProcessStatus.Look(pid) is { HasEnded: false } root && (handle is null || ProcessCalls.HasEnded(handle) == false))
            return new(root, handle);
        handle?.Dispose();
        throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"pid:{pid}: there is no such process"));
    }

    /// <summary>Whether a process is the root or a descendant at this moment.</summary>
    internal bool Contains(int pid) => ProcessStatus.Look(pid) is { } process && Contains(process);

    /// <summary>Finds a process of the tree that holds a socket and is accepted.</summary>
    /// <returns>The process; null where none is found, or the root has ended.</returns>
    /// <remarks>
    /// Members of the last look at everything come first, then who has begun since, of whatever tree: mostly one of them it is, and the
    /// look at the others is saved. Whoever is found is verified afresh.
    /// </remarks>
    internal ProcessStatus? FindHolder(ulong inode, Func<ProcessStatus, bool> accept, CancellationToken cancellationToken)
    {
        if (!IsAlive)
            return null;
        Census last = _last;
        if ((FindHolder(last.Members, inode, accept) ?? FindHolder(last.Newcomers(), inode, accept)) is { } known)
            return known;
        cancellationToken.ThrowIfCancellationRequested();
        Census now = Look();
        _last = now;
        // In the end who has begun during the look, since one that held the socket may have forked and ended meanwhile.
        return FindHolder(now.Members, inode, accept) ?? FindHolder(now.Newcomers(), inode, accept);
    }

    private Census Look()
    {
        List<ProcessStatus> all = ProcessStatus.LookAtAll();
        ILookup<int, ProcessStatus> byParent = all.ToLookup(static process => process.Parent);
        ILookup<int, ProcessStatus> bySession = all.ToLookup(static process => process.Session);
        HashSet<int> found = [_root.Pid];
        List<ProcessStatus> members = [_root];
        for (int i = 0; i < members.Count; i++)
        {
            ProcessStatus member = members[i];
            foreach (ProcessStatus process in byParent[member.Pid].Concat(bySession[member.Pid]))
            {
                if (process.Start >= member.Start && found.Add(process.Pid))
                    members.Add(process);
            }
        }
        // Who connects has often begun of late.
        members.Sort(static (a, b) => a.Start == b.Start ? b.Pid.CompareTo(a.Pid) : b.Start.CompareTo(a.Start));
        return new(members, [.. all.Select(static process => process.Pid)]);
    }

    private ProcessStatus? FindHolder(IReadOnlyList<ProcessStatus> candidates, ulong inode, Func<ProcessStatus, bool> accept)
    {
        foreach (ProcessStatus candidate in candidates)
        {
            if (SocketHolders.Holds(candidate.Pid, inode)
                && ProcessStatus.Look(candidate.Pid) is { } now && now.Start == candidate.Start
                && Contains(now) && accept(now))
            {
                return now;
            }
        }
        return null;
    }

    private bool Contains(ProcessStatus process)
    {
        HashSet<int> seen = [process.Pid];
        // Parents first, since they mostly lead there; who began the sessions on the way waits below them.
        Stack<(int Number, ulong Before)> ancestors = new();
        ProcessStatus? at = process;
        while (true)
        {
            if (at is { } found)
            {
                if (found.Pid == _root.Pid && found.Start == _root.Start)
                    return IsAlive;
                if (seen.Add(found.Session))
                    ancestors.Push((found.Session, found.Start));
                if (seen.Add(found.Parent))
                    ancestors.Push((found.Parent, found.Start));
            }
            if (seen.Count > MaxAncestors || !ancestors.TryPop(out (int Number, ulong Before) next))
                return false;
            // An ancestor that began later is another process, which got the number of one that is gone.
            at = next.Number > 0 && ProcessStatus.Look(next.Number) is { } ancestor && ancestor.Start <= next.Before ? ancestor : null;
        }
    }

    /// <summary>One look at all processes.</summary>
    /// <param name="Members">Those of the tree.</param>
    /// <param name="Seen">The numbers of all.</param>
    private sealed record Census(IReadOnlyList<ProcessStatus> Members, HashSet<int> Seen)
    {
        // Nobody where there are so many that a new look at everything is due.
        internal List<ProcessStatus> Newcomers()
        {
            List<ProcessStatus> newcomers = [];
            foreach (int pid in ProcessStatus.Numbers())
            {
                if (Seen.Contains(pid))
                    continue;
                if (newcomers.Count == MaxNewcomers)
                    return [];
                if (ProcessStatus.Look(pid) is { } process)
                    newcomers.Add(process);
            }
            return newcomers;
        }
    }
}

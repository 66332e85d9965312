using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Adit.Relay;

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
    private const int MaxRemembered = 1024;

    private readonly SafeFileHandle? _handle;
    private readonly ProcessStatus _root;

    // Who was in the tree at the last look: where to look first. Who is found there is verified like any other.
    private volatile ProcessStatus[] _lastSeen;

    private ProcessTree(ProcessStatus root, SafeFileHandle? handle)
    {
        _root = root;
        _handle = handle;
        _lastSeen = [root];
    }

    /// <summary>The number of the process at the root.</summary>
    internal int Root => _root.Pid;

    /// <summary>Whether the process at the root lives; another one that got its number does not count.</summary>
    internal bool IsAlive => _handle is null
        ? ProcessStatus.Look(_root.Pid) is { HasEnded: false } now && now.Start == _root.Start
        : HasEnded(_handle) == false;

    /// <summary>Takes hold of a process.</summary>
    /// <exception cref="FormatException">There is no such process.</exception>
    internal static ProcessTree Of(int pid)
    {
        int descriptor = ProcessCalls.OpenProcess(pid);
        SafeFileHandle? handle = descriptor < 0 ? null : new(descriptor, ownsHandle: true);
        // Looked at while the handle says that it lives, so that the start is that of the same process.
        if (ProcessStatus.Look(pid) is { HasEnded: false } root && (handle is null || HasEnded(handle) == false))
            return new(root, handle);
        handle?.Dispose();
        throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"pid:{pid}: there is no such process"));
    }

    /// <summary>Whether a process is the root or a descendant at this moment.</summary>
    internal bool Contains(int pid) => ProcessStatus.Look(pid) is { } process && Contains(process);

    /// <summary>Finds a process of the tree that holds a socket and is accepted.</summary>
    /// <returns>The process; null where none is found, or the root has ended.</returns>
    internal ProcessStatus? FindHolder(ulong inode, Func<ProcessStatus, bool> accept, CancellationToken cancellationToken)
    {
        if (!IsAlive)
            return null;
        if (FindHolder(_lastSeen, inode, accept) is { } known)
            return known;
        // Once again, since a process may have forked and ended between the look at the tree and that at its descriptors.
        for (int look = 0; look < 2; look++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ProcessStatus[] members = LookAtMembers();
            _lastSeen = members.Length <= MaxRemembered ? members : members[..MaxRemembered];
            if (FindHolder(members, inode, accept) is { } holder)
                return holder;
        }
        return null;
    }

    /// <summary>All members of this moment, the newest ones first.</summary>
    internal ProcessStatus[] LookAtMembers()
    {
        List<ProcessStatus> all = ProcessStatus.LookAtAll();
        ILookup<int, ProcessStatus> byParent = all.ToLookup(static process => process.Parent);
        ILookup<int, ProcessStatus> bySession = all.ToLookup(static process => process.Session);
        HashSet<int> seen = [_root.Pid];
        List<ProcessStatus> members = [_root];
        for (int i = 0; i < members.Count; i++)
        {
            ProcessStatus member = members[i];
            foreach (ProcessStatus process in byParent[member.Pid].Concat(bySession[member.Pid]))
            {
                if (process.Start >= member.Start && seen.Add(process.Pid))
                    members.Add(process);
            }
        }
        members.Sort(static (a, b) => a.Start == b.Start ? b.Pid.CompareTo(a.Pid) : b.Start.CompareTo(a.Start));
        return [.. members];
    }

    private ProcessStatus? FindHolder(ProcessStatus[] candidates, ulong inode, Func<ProcessStatus, bool> accept)
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
        Queue<ProcessStatus> ancestors = new([process]);
        while (ancestors.TryDequeue(out ProcessStatus at) && seen.Count < MaxAncestors)
        {
            if (at.Pid == _root.Pid && at.Start == _root.Start)
                return IsAlive;
            foreach (int number in (ReadOnlySpan<int>)[at.Parent, at.Session])
            {
                // An ancestor that began later is another process, which got the number of one that is gone.
                if (number > 0 && seen.Add(number) && ProcessStatus.Look(number) is { } ancestor && ancestor.Start <= at.Start)
                    ancestors.Enqueue(ancestor);
            }
        }
        return false;
    }

    private static bool? HasEnded(SafeFileHandle handle)
    {
        bool added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            return ProcessCalls.HasEnded((int)handle.DangerousGetHandle());
        }
        finally
        {
            if (added)
                handle.DangerousRelease();
        }
    }
}

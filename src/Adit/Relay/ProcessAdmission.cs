using System.Globalization;
using Adit.Platform;
using Adit.Wording;

namespace Adit.Relay;

/// <summary>The alternatives of an <see cref="AdmissionRule"/> that judge by processes: <c>self</c>, <c>pid:</c> and <c>exe:</c>.</summary>
internal sealed class ProcessAdmission
{
    private readonly uint _user;
    private readonly bool _self;
    private readonly ProcessTree[] _trees;
    private readonly string[] _programs;

    private ProcessAdmission(uint user, bool self, ProcessTree[] trees, string[] programs)
    {
        _user = user;
        _self = self;
        _trees = trees;
        _programs = programs;
    }

    /// <summary>Takes them out of a rule; null where it has none.</summary>
    /// <exception cref="FormatException">A process or program does not exist, or none can be told on this system.</exception>
    internal static ProcessAdmission? Of(AdmissionRule rule, uint? user)
    {
        bool self = rule.Terms.OfType<SelfTerm>().Any();
        string[] programs = [.. rule.Terms.OfType<ExecutableTerm>().Select(static term => term.Path)];
        TreeTerm[] trees = [.. rule.Terms.OfType<TreeTerm>()];
        if (!self && programs.Length == 0 && trees.Length == 0)
            return null;
        if (user is not { } own || !OperatingSystem.IsLinux())
            throw new FormatException($"\"{rule}\": which process a peer is can be told on Linux only");
        foreach (string program in programs)
            Check(program);
        return new(own, self, [.. trees.Select(static term => ProcessTree.Of(term.Pid))], programs);
    }

    /// <summary>Finds a process of the peer that is admitted.</summary>
    /// <param name="peer">Who the peer is.</param>
    /// <param name="detail">Why none is, where there is more to say than that; null otherwise.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The process; null if none is admitted.</returns>
    internal int? Find(PeerIdentity peer, out string? detail, CancellationToken cancellationToken)
    {
        detail = null;
        if (peer.Pid is { } connected)
            return Connected(connected, peer, out detail) ? connected : null;
        // Descriptors of other users' processes are hidden from all but root, so there is no use in looking for one.
        if (peer.SocketInode == 0 || (_user != 0 && peer.Uid != _user))
            return null;
        return FindSelf(peer) ?? FindInTrees(peer, ref detail, cancellationToken) ?? FindProgram(peer, ref detail, cancellationToken);
    }

    // Of a Unix socket the kernel has noted who connected it.
    private bool Connected(int pid, PeerIdentity peer, out string? detail)
    {
        detail = null;
        if (_self && pid == Environment.ProcessId)
            return true;
        bool admitted = _trees.Any(tree => tree.Contains(pid))
            || (peer.Uid == _user && ProgramFile.Of(pid) is { } program && Files().Contains(program));
        if (peer.ProcessStart is { } start && ProcessStatus.Look(pid) is { HasEnded: false } now && now.Start == start)
            return admitted;
        detail = "the process that connected has ended";
        return false;
    }

    private int? FindSelf(PeerIdentity peer) =>
        _self && SocketHolders.Holds(Environment.ProcessId, peer.SocketInode) && MadeBeside(Environment.ProcessId, peer)
            ? Environment.ProcessId
            : null;

    private int? FindInTrees(PeerIdentity peer, ref string? detail, CancellationToken cancellationToken)
    {
        ProcessStatus? stranger = null;
        foreach (ProcessTree tree in _trees)
        {
            ProcessStatus? holder = tree.FindHolder(peer.SocketInode, Accept, cancellationToken);
            if (holder is { } found)
                return found.Pid;
            if (!tree.IsAlive)
                detail = string.Create(CultureInfo.InvariantCulture, $"process {tree.Root} has ended");
        }
        if (stranger is { } other)
            detail = string.Create(CultureInfo.InvariantCulture, $"process {other.Pid} holds the socket, but it was made in another control group");
        return null;

        bool Accept(ProcessStatus holder)
        {
            if (MadeBeside(holder.Pid, peer))
                return true;
            stranger = holder;
            return false;
        }
    }

    private int? FindProgram(PeerIdentity peer, ref string? detail, CancellationToken cancellationToken)
    {
        if (_programs.Length == 0 || peer.Uid != _user)
            return null;
        // Once again where nobody is found, since a process may have forked and ended while the others were looked at.
        List<int> holders = SocketHolders.All(peer.SocketInode, cancellationToken);
        if (holders.Count == 0)
            holders = SocketHolders.All(peer.SocketInode, cancellationToken);
        ProgramFile[] files = Files();
        int? admitted = null;
        foreach (int holder in holders)
        {
            if (ProgramFile.Of(holder) is { } program && files.Contains(program))
            {
                admitted ??= MadeBeside(holder, peer) ? holder : null;
            }
            else if (ProcessStatus.Look(holder) is not null)
            {
                detail = string.Create(CultureInfo.InvariantCulture, $"process {holder} holds the socket and runs {ProgramFile.PathOf(holder) ?? "what is hidden"}");
                return null;
            }
        }
        return admitted;
    }

    // The programs that lie at the paths now; after an update, the new ones.
    private ProgramFile[] Files() => [.. _programs.Select(ProgramFile.At).OfType<ProgramFile>()];

    // A descriptor that was handed over comes from elsewhere; the socket bears the mark of where it was made.
    private static bool MadeBeside(int pid, PeerIdentity peer) =>
        peer.SocketGroup is not { } made || ControlGroup.Of(pid) is not { } group || group == made;

    private static void Check(string program)
    {
        if (ProgramFile.At(program) is null)
            throw new FormatException($"exe:{Printable.Text(program)}: there is no such program");
        try
        {
            Span<byte> start = stackalloc byte[2];
            using FileStream file = File.OpenRead(program);
            if (file.Read(start) == start.Length && start.SequenceEqual("#!"u8))
                throw new FormatException($"exe:{Printable.Text(program)} is a script, which runs as its interpreter and cannot be told apart; use pid: or same-user");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // One that may be run but not read is no script: the interpreter would have to read it.
        }
    }
}

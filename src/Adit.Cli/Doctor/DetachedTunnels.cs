using System.Globalization;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Tunnels of ssh and its like that nobody watches: who started them is gone, or they left every terminal.</summary>
internal sealed class DetachedTunnels : ICheck
{
    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (ProcProcess process in inspection.Processes.Where(TunnelProgram.IsForeign))
        {
            if (Why(inspection.Machine, process) is { } why && Judge(inspection, process, why) is { } finding)
                found.Add(finding);
        }

        int others = inspection.Machine.Processes.Count(process => TunnelProgram.IsForeign(process) && !inspection.IsOurs(process.Owner));
        if (others > 0)
            inspection.LeaveOut(string.Create(CultureInfo.InvariantCulture, $"{others} processes of other users that make tunnels (root sees them)"));
        return new(found);
    }

    /// <summary>Why nobody watches a process; null where somebody does.</summary>
    internal static string? Why(ProcView machine, ProcProcess process)
    {
        if (machine.IsService(process.Pid))
            return null;
        if (machine.IsOrphan(process))
            return "who started it is gone";
        if (!process.IsDetached)
            return null;
        int parent = process.Status.Parent;
        string name = Printable.Text(machine.Find(parent)?.Name ?? "?");
        return string.Create(CultureInfo.InvariantCulture, $"it has no terminal and a session of its own, though process {parent} ({name}), which started it, lives");
    }

    private static Finding? Judge(Inspection inspection, ProcProcess process, string why)
    {
        IReadOnlyList<string> forwards = TunnelProgram.Forwards(process);
        ListeningSocket[] tcp = [.. inspection.Machine.ListenersOf(process.Pid)];
        ListeningUnixSocket[] unix = [.. inspection.Machine.UnixListenersOf(process.Pid).Where(static socket => ControlSocketName.Of(socket.Path) is null)];
        bool isClosed = inspection.Machine.IsClosed(process.Pid);
        if (forwards.Count == 0 && tcp.Length == 0 && unix.Length == 0)
        {
            if (isClosed)
                inspection.CannotSee(string.Create(CultureInfo.InvariantCulture, $"process {process.Pid} ({process.Name}): its sockets cannot be seen"));
            return null;
        }

        string[] listening = [.. tcp.Select(static socket => socket.ToString()), .. unix.Select(static socket => Printable.Text(socket.Path))];
        string where = listening.Length == 0 ? "" : $", and it listens on {string.Join(", ", listening)}";
        return new(
            FindingKind.LeftRunning,
            $"{process.CommandLine}: {why}{where}",
            isClosed ? "not known: its sockets cannot be seen" : Reach.Of(tcp, unix, forwards.Any(IsRemote)),
            string.Create(CultureInfo.InvariantCulture, $"kill {process.Pid}"))
        {
            Since = process.Since,
            Pid = process.Pid,
            Listening = listening,
            Ending = new ProcessEnding(process.Status),
        };
    }

    private static bool IsRemote(string forward) => forward.StartsWith("-R", StringComparison.Ordinal) || forward.StartsWith("-o R", StringComparison.OrdinalIgnoreCase);
}

using System.Globalization;
using Adit.Relay;

namespace Adit.Cli.Doctor;

/// <summary>Two programs at one port, of which one takes the connections to an address that the other thinks are its own.</summary>
internal sealed class ShadowedListeners : ICheck
{
    private const int MostShown = 100;

    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (IGrouping<int, ListeningSocket> port in inspection.Machine.Listeners.GroupBy(static socket => socket.Address.Port))
        {
            foreach (ListeningSocket nearer in port.Where(static socket => !socket.IsWildcard))
            {
                if (found.Count < MostShown && port.FirstOrDefault(other => nearer.Shadows(other) && AreForeign(inspection.Machine, nearer, other)) is { } hidden)
                    found.Add(Judge(inspection.Machine, nearer, hidden));
            }
        }

        return new(found);
    }

    private static Finding Judge(ProcView machine, ListeningSocket nearer, ListeningSocket hidden)
    {
        ProcProcess? holder = Holder(machine, nearer);
        return new(
            FindingKind.ShadowedPort,
            $"{nearer} of {Name(holder, nearer)} takes connections that may be meant for {hidden} of {Name(Holder(machine, hidden), hidden)}",
            $"{Reach.ThisMachine}: who connects to {nearer} is served by the first, who comes by another address by the second",
            holder is null
                ? string.Create(CultureInfo.InvariantCulture, $"sudo ss -ltnp 'sport = :{nearer.Address.Port}'   # shows both; let one of them take another port")
                : string.Create(CultureInfo.InvariantCulture, $"kill {holder.Pid}   # or let one of the two take another port"))
        {
            Since = holder?.Since,
            Pid = holder?.Pid,
            Listening = [nearer.ToString(), hidden.ToString()],
        };
    }

    // Workers hold the sockets of the program that started them.
    private static bool AreForeign(ProcView machine, ListeningSocket a, ListeningSocket b)
    {
        int[] holders = [.. machine.HoldersOf(a.Inode)];
        int[] others = [.. machine.HoldersOf(b.Inode)];
        return holders.Length > 0 && others.Length > 0 ? !holders.Intersect(others).Any() : a.Owner != b.Owner || holders.Length + others.Length > 0;
    }

    private static ProcProcess? Holder(ProcView machine, ListeningSocket socket) =>
        machine.HoldersOf(socket.Inode).Select(machine.Find).OfType<ProcProcess>().MinBy(static process => process.Since);

    private static string Name(ProcProcess? holder, ListeningSocket socket) => holder is null
        ? string.Create(CultureInfo.InvariantCulture, $"a process of uid {socket.Owner}, which this user may not see,")
        : string.Create(CultureInfo.InvariantCulture, $"{Printable.Text(holder.Name)} (process {holder.Pid})");
}

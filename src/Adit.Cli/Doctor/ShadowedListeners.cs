using System.Globalization;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>
/// Two programs at one port, of which one takes connections that are meant for the other. Linux refuses most of that, but not that a tunnel
/// gets one address of localhost where another program has the other: then the wrong server answers.
/// </summary>
internal sealed class ShadowedListeners : ICheck
{
    private const int MostShown = 100;

    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        ProcView machine = inspection.Machine;
        var found = new List<Finding>();
        foreach (IGrouping<int, ListeningSocket> port in machine.Listeners.GroupBy(static socket => socket.Address.Port).Where(static port => port.Skip(1).Any()))
        {
            var told = new HashSet<(ulong, ulong)>();
            foreach (ListeningSocket nearer in port)
            {
                ListeningSocket? hidden = port.FirstOrDefault(other =>
                    (nearer.Shadows(other) || (IsTunnel(machine, nearer) && nearer.SplitsLocalhostWith(other))) && AreForeign(machine, nearer, other));
                if (hidden is not null && found.Count < MostShown && told.Add((Math.Min(nearer.Inode, hidden.Inode), Math.Max(nearer.Inode, hidden.Inode))))
                    found.Add(Judge(machine, nearer, hidden));
            }
        }

        return new(found);
    }

    private static Finding Judge(ProcView machine, ListeningSocket nearer, ListeningSocket hidden)
    {
        ProcProcess? holder = Holder(machine, nearer);
        string other = Name(Holder(machine, hidden), hidden);
        return new(
            FindingKind.ShadowedPort,
            nearer.Shadows(hidden)
                ? $"{nearer} of {Name(holder, nearer)} takes connections that may be meant for {hidden} of {other}"
                : $"localhost leads to {nearer} of {Name(holder, nearer)} or to {hidden} of {other}, as each program likes",
            $"{Reach.ThisMachine}, who may get to the wrong one",
            holder is null
                ? string.Create(CultureInfo.InvariantCulture, $"sudo ss -ltnp 'sport = :{nearer.Address.Port}'   # shows both; let one of them take another port")
                : string.Create(CultureInfo.InvariantCulture, $"kill {holder.Pid}   # or let one of the two take another port"))
        {
            Since = holder?.Since,
            Pid = holder?.Pid,
            Listening = [nearer.ToString(), hidden.ToString()],
        };
    }

    private static bool IsTunnel(ProcView machine, ListeningSocket socket) => Holder(machine, socket) is { } holder && TunnelProgram.Makes(holder);

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

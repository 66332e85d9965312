using System.Globalization;

namespace Adit.Cli.Doctor;

/// <summary>Tunnels that listen where other machines reach them.</summary>
internal sealed class ExposedListeners : ICheck
{
    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (ProcProcess process in inspection.Processes.Where(TunnelProgram.Makes))
        {
            foreach (ListeningSocket socket in inspection.Machine.ListenersOf(process.Pid).Where(static socket => !socket.IsLoopback))
            {
                string here = TunnelProgram.IsForeign(process) ? Reach.ThisMachine : "whom its rules admit on this machine";
                string beyond = socket.IsWildcard ? "any address of this one" : socket.ToString();
                found.Add(new(
                    FindingKind.OpenToOthers,
                    $"{process.CommandLine}: listens on {socket}",
                    $"{here}; other machines that reach {beyond}",
                    string.Create(CultureInfo.InvariantCulture, $"kill {process.Pid}   # then open it again on 127.0.0.1:{socket.Address.Port}, without -g and GatewayPorts"))
                {
                    Since = process.Since,
                    Pid = process.Pid,
                    Listening = [socket.ToString()],
                });
            }
        }

        return new(found);
    }
}

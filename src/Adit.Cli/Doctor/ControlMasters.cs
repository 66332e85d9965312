using System.Globalization;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Platform;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Masters of shared connections that went to the background: whoever can use their socket logs in without a key.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ControlMasters : ICheck
{
    public ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (ProcProcess process in inspection.Processes.Where(TunnelProgram.Makes))
        {
            ProcView machine = inspection.Machine;
            if ((TunnelProgram.IsForeign(process) ? DetachedTunnels.Why(machine, process) : AditTunnels.Why(machine, process)) is not { } why)
                continue;
            // The socket that adit ls asks is judged with its tunnel, which tells more; this one may be in another folder.
            string ofList = string.Create(CultureInfo.InvariantCulture, $"{process.Pid}.sock");
            string? socket = machine.UnixListenersOf(process.Pid)
                .Select(static listener => ControlSocketName.Of(listener.Path))
                .FirstOrDefault(path => path is not null && (TunnelProgram.IsForeign(process) || Path.GetFileName(path) != ofList));
            if (socket is not null)
                found.Add(Judge(inspection, process, why, socket));
        }

        return new(found);
    }

    private static Finding Judge(Inspection inspection, ProcProcess process, string why, string socket)
    {
        IReadOnlyList<ListeningSocket> tcp = inspection.Machine.ListenersOf(process.Pid);
        string[] ports = [.. tcp.Select(static listener => listener.ToString())];
        string where = ports.Length == 0 ? "" : $", and it listens on {string.Join(", ", ports)}";
        // A master whose socket somebody removed can be told nothing any more.
        bool isReachable = UnixFile.Look(socket) is { IsSocket: true };
        string name = Printable.Text(socket);
        string users = isReachable ? "every program of this user, by its control socket" : "who shares it already";
        return new(
            FindingKind.LeftRunning,
            $"{process.CommandLine}: the master of {name}{(isReachable ? "" : ", which is gone")}; {why}{where}",
            tcp.Count == 0 ? users : $"{users}; {Reach.Of(tcp, [], hasRemoteForwards: false)}",
            isReachable ? $"ssh -O exit -S {ShellWord.Quote(name)} any" : string.Create(CultureInfo.InvariantCulture, $"kill {process.Pid}"))
        {
            Since = process.Since,
            Pid = process.Pid,
            Path = socket,
            Listening = ports,
            Ending = isReachable ? new MasterEnding(socket, process.Status) : new ProcessEnding(process.Status),
        };
    }
}

using System.Globalization;
using System.Runtime.Versioning;
using Adit.Mux;
using Adit.Relay;

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
            if (DetachedTunnels.Why(inspection.Machine, process) is not { } why)
                continue;
            // What adit ls shows is asked itself, and tells more.
            string? socket = inspection.Machine.UnixListenersOf(process.Pid)
                .Select(static listener => ControlSocketName.Of(listener.Path))
                .FirstOrDefault(path => path is not null && Path.GetDirectoryName(path) != Client.TunnelFolder.Location && UnixFile.Look(path) is { IsSocket: true });
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
        string users = "every program of this user, by its control socket";
        return new(
            FindingKind.LeftRunning,
            string.Create(CultureInfo.InvariantCulture, $"{process.CommandLine}: the master of {Printable.Text(socket)}; {why}{where}"),
            tcp.Count == 0 ? users : $"{users}; {Reach.Of(tcp, [], hasRemoteForwards: false)}",
            $"ssh -O exit -S {ShellWord.Quote(Printable.Text(socket))} any")
        {
            Since = process.Since,
            Pid = process.Pid,
            Path = socket,
            Listening = ports,
            Ending = new MasterEnding(socket, process.Status),
        };
    }
}

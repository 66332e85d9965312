using System.Globalization;
using System.Runtime.Versioning;
using Adit.Cli.Tunnels;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Cli.Doctor;

/// <summary>Adit's own tunnels in the background that no time ends.</summary>
[SupportedOSPlatform("linux")]
internal sealed class AditTunnels : ICheck
{
    public async ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (RunningTunnel tunnel in await RunningTunnel.FindAllAsync(inspection.CannotSee, cancellationToken))
        {
            if (tunnel.Report.HasLimit || inspection.Machine.Find(tunnel.Report.Pid) is not { } process || Why(inspection.Machine, process) is not { } why)
                continue;
            string pid = process.Pid.ToString(CultureInfo.InvariantCulture);
            string[] listening = [.. tunnel.Report.Forwards.SelectMany(static forward => forward.Listening)];
            string where = listening.Length == 0 ? "" : $"; it listens on {string.Join(", ", listening)}";
            found.Add(new(
                FindingKind.LeftRunning,
                Printable.Text($"adit to {tunnel.Report.Destination}: {why}, and no time ends it (AditIdleTimeout, AditLifetime){where}"),
                "every program of this user, and whom its rules admit",
                $"adit stop {pid}")
            {
                Since = tunnel.Report.Since,
                Pid = process.Pid,
                Listening = listening,
                Ending = new MasterEnding(tunnel.Socket, process.Status),
            });
        }

        return found;
    }

    // One in the foreground of a program that took away its terminal is watched by that program, and ends with it if it is asked to.
    internal static string? Why(ProcView machine, ProcProcess process) => machine.IsService(process.Pid)
        ? null
        : (machine.IsOrphan(process), process.IsDetached && machine.Variable(process.Pid, Background.Mark) is not null) switch
        {
            (_, true) => "it runs in the background",
            (true, _) => "who started it is gone",
            _ => null,
        };
}

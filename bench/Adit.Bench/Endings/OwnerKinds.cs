using System.Globalization;
using Adit.Bench.Servers;

namespace Adit.Bench.Endings;

/// <summary>Every kind of owner.</summary>
internal static class OwnerKinds
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30);

    // A command on sshd takes its time to begin.
    private static readonly TimeSpan WithSession = TimeSpan.FromSeconds(1.4);

    public static IReadOnlyList<OwnerKind> All { get; } =
    [
        new("adit -N -L", static round => round.Start(round.Adit("-N", "-L", round.LocalForward))),
        new("adit -N -L socket -D -R", static round => round.Start(round.Adit(Sockets(round))))
        {
            IsOpen = HasSockets,
        },
        new("adit -f: what stays", static round => round.Start(round.Adit("-f", "-N", "-L", round.LocalForward)))
        {
            Victim = static round => round.Processes.Where(pid => pid != round.First && MachineView.IsAdit(pid)).Select(static pid => (int?)pid).FirstOrDefault(),
        },
        new("adit -f: what waits for it", static round => round.Start(round.Adit("-f", "-N", "-L", round.LocalForward)))
        {
            // Once that has gone, there is only the other one to kill.
            Victim = static round => round.Processes is [var first, ..] processes ? processes.Contains(round.First) ? round.First : first : null,
        },
        new("master with a client", StartMasterAndClient)
        {
            Prepare = static round =>
            {
                round.OwnServer(round.Stage.Sshd);
                return Task.CompletedTask;
            },
            Victim = static round => round.First,
            IsOpen = HasRemoteCommand,
            Longest = WithSession,
        },
        new("client of a master", static round => StartClient(round))
        {
            Prepare = static async round =>
            {
                round.OwnServer(round.Stage.Sshd); // the gateway runs no commands
                StartMaster(round);
                await UntilAsync(() => MachineView.Answers(round.ControlPath), "the master");
                round.Survivors.Add(round.First);
            },
            IsOpen = HasRemoteCommand,
            Longest = WithSession,
            Afterwards = static round =>
            {
                round.Survivors.Clear();
                EndingRound.EndInOrder(round.First);
            },
        },
        new("adit run: adit", static round => round.Start(Run(round))) { IsOpen = HasCommand },
        new("adit run: its command", static round => round.Start(Run(round)))
        {
            Victim = static round => MachineView.IsAdit(round.First) ? MachineView.Children(round.First).Select(static pid => (int?)pid).FirstOrDefault() : null,
            IsOpen = HasCommand,
        },
        new("the owner of adit --owner", static round => round.Start(round.Adit("-N", "-L", round.LocalForward, "--owner", round.First.ToString(CultureInfo.InvariantCulture))))
        {
            Prepare = static round =>
            {
                round.Start("sleep", "1000");
                return Task.CompletedTask;
            },
            Victim = static round => round.First,
        },
        new("adit gateway with tunnels in it", static round => round.Start(round.Adit([.. Sockets(round), "-o", "AditReconnect=no"])))
        {
            Prepare = static async round => round.OwnServer(await ServerProcess.GatewayAsync(round.Stage.Root, round.Stage.Keys)),
            Victim = static round => round.Server.Pid,
            IsOpen = HasSockets,
        },
        new("a program with SshTunnel", static round => round.StartProgram("forward", Text(round.LocalPort), Text(round.Stage.Echo.Port))),
        new("a program with Adit.Npgsql", static round =>
            round.StartProgram("npgsql", $"Host=127.0.0.1;Port={Text(round.Stage.PostgresPort)};Username={round.Stage.PostgresUser};Database=postgres"))
        {
            IsOpen = static round => round.HasConnected && Directory.EnumerateDirectories(round.Stage.Temporary).Any(),
        },
    ];

    /// <summary>Waits until something stands.</summary>
    /// <exception cref="BenchException">It does not come about.</exception>
    public static async Task UntilAsync(Func<bool> stands, string what)
    {
        long began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!stands())
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(began) > StartTime)
                throw new BenchException($"{what} does not come up");
            await Task.Delay(10);
        }
    }

    // sshd removes no sockets of its own, so they are asked of the gateway alone.
    private static string[] Sockets(EndingRound round)
    {
        string[] both = ["-N", "-L", $"{round.LocalSocket}:{round.Target}", "-D", $"127.0.0.1:{Text(round.SocksPort)}", "-R", round.RemoteForward];
        return round.IsSshd ? both : [.. both, "-R", $"{round.RemoteSocket}:{round.Target}"];
    }

    private static void StartMaster(EndingRound round) => round.Start(round.Adit("-N", "-M", "-S", round.ControlPath, "-L", round.LocalForward));

    private static void StartClient(EndingRound round) =>
        round.StartWithInput("/dev/zero", [.. round.Adit("-S", round.ControlPath, "-o", "ControlMaster=no", "-o", "ProxyCommand=false"), round.Marked("cat")]);

    private static void StartMasterAndClient(EndingRound round)
    {
        StartMaster(round);
        round.StartWhen(() => MachineView.Answers(round.ControlPath), () => StartClient(round));
    }

    // One that notices the end of its connection, and one that has none.
    private static string[] Run(EndingRound round)
    {
        string[] adit = round.Adit("-L", round.Target);
        string command = round.Number % 2 == 0 ? "exec 3<>/dev/tcp/127.0.0.1/$ADIT_PORT; exec cat /dev/zero >&3" : "exec sleep 1000";
        return [adit[0], "run", .. adit.Skip(1), "--", "bash", "-c", command];
    }

    private static bool HasSockets(EndingRound round) =>
        MachineView.Answers(round.LocalSocket) && MachineView.IsListening(round.RemotePort) && (round.IsSshd || MachineView.Answers(round.RemoteSocket));

    private static bool HasRemoteCommand(EndingRound round) => MachineView.Answers(round.ControlPath) && round.Processes.Any(static pid => MachineView.NameOf(pid) == "cat");

    private static bool HasCommand(EndingRound round) => round.Processes.Any(pid => pid != round.First && !MachineView.IsAdit(pid)) && MachineView.IsAdit(round.First);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

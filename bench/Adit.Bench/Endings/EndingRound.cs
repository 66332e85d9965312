using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Bench.Servers;
using Adit.Platform;

namespace Adit.Bench.Endings;

/// <summary>One owner that is started and killed, and all that belongs to it. What is left of it in the end is killed when this is disposed.</summary>
internal sealed class EndingRound : IAsyncDisposable
{
    private const string Variable = "ADIT_ENDINGS";
    private const int Kill = 9;
    private const int Terminate = 15;
    private const int FirstPort = 10_000;
    private const int LastPort = 30_000; // below those that the kernel gives away

    private static int _lastPort = FirstPort + (Environment.ProcessId * 97 % (LastPort - FirstPort));

    private readonly EndingStage _stage;
    private readonly string _mark = $"{Variable}={Guid.NewGuid():N}";
    private readonly HashSet<string> _answering;
    private readonly Traffic _traffic;
    private readonly List<Process> _children = [];
    private readonly CancellationTokenSource _ending = new();
    private Task _later = Task.CompletedTask;
    private int _connections;

    public EndingRound(EndingStage stage, ServerProcess server, int number)
    {
        _stage = stage;
        Number = number;
        Server = server;
        _connections = MachineView.ConnectionsTo(server.Port);
        _answering = [.. MachineView.AnsweringBelow(stage.Watched)];
        _traffic = new([Loopback(LocalPort), Loopback(RemotePort), new UnixDomainSocketEndPoint(LocalSocket)]);
    }

    public int Number { get; }

    /// <summary>Where the owner logs in.</summary>
    public ServerProcess Server { get; set; }

    /// <summary>Whether that is the real sshd.</summary>
    public bool IsSshd => Server == _stage.Sshd;

    public int LocalPort { get; } = FreePort();

    public int SocksPort { get; } = FreePort();

    /// <summary>At the server, which is this machine.</summary>
    public int RemotePort { get; } = FreePort();

    public string LocalSocket => Path.Combine(_stage.Sockets, "local");

    public string RemoteSocket => Path.Combine(_stage.Sockets, "remote");

    public string ControlPath => Path.Combine(_stage.Sockets, "control");

    public EndingStage Stage => _stage;

    /// <summary>What was started last.</summary>
    public int? Started => _children.Count == 0 ? null : _children[^1].Id;

    /// <summary>What was started first.</summary>
    public int First => _children[0].Id;

    /// <summary>Processes that are to survive.</summary>
    public List<int> Survivors { get; } = [];

    /// <summary>All processes of this round.</summary>
    public List<int> Processes => MachineView.ProcessesWith(_mark);

    /// <summary>The options that each adit needs, with the destination behind them.</summary>
    public string[] Adit(params IEnumerable<string> options) =>
    [
        Path.Combine(_stage.Root, "adit"), .. options, "-F", "none", "-i", _stage.Keys.KeyFile(Environment.UserName), "-p", Text($"{Server.Port}"), "-o", "IdentitiesOnly=yes",
        "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ExitOnForwardFailure=yes", "127.0.0.1",
    ];

    /// <summary>A forward from a port here to the echo.</summary>
    public string LocalForward => Text($"127.0.0.1:{LocalPort}:127.0.0.1:{_stage.Echo.Port}");

    /// <summary>A forward from a port at the server to the echo.</summary>
    public string RemoteForward => Text($"127.0.0.1:{RemotePort}:127.0.0.1:{_stage.Echo.Port}");

    public string Target => Text($"127.0.0.1:{_stage.Echo.Port}");

    /// <summary>The words that give a command on the server this round's mark.</summary>
    public string Marked(string command) => $"env {_mark} {command}";

    /// <summary>Starts a program in the folders that are watched.</summary>
    public void Start(params IEnumerable<string> words) => StartWithInput("/dev/null", words);

    /// <summary>As <see cref="Start"/>, with a file as its input.</summary>
    public void StartWithInput(string input, params IEnumerable<string> words)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "input=$1; log=$2; shift 2; exec \"$@\" <\"$input\" >/dev/null 2>>\"$log\"", "sh", input, _stage.Log, .. words]) { UseShellExecute = false };
        start.Environment[Variable] = _mark[(Variable.Length + 1)..];
        start.Environment["HOME"] = _stage.Home;
        start.Environment["TMPDIR"] = _stage.Temporary;
        start.Environment["XDG_RUNTIME_DIR"] = _stage.Runtime;
        foreach (string ambient in (string[])["SSH_AUTH_SOCK", "PGHOST", "PGPORT", "PGUSER"])
            start.Environment.Remove(ambient);
        _children.Add(Process.Start(start)!);
    }

    /// <summary>Starts something else as soon as something stands.</summary>
    public void StartWhen(Func<bool> stands, Action start) => _later = Task.Run(async () =>
    {
        while (!_ending.IsCancellationRequested)
        {
            if (stands())
            {
                start();
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    });

    /// <summary>Starts one of the programs that use the library.</summary>
    public void StartProgram(params IEnumerable<string> arguments) => Start(
    [
        // Else its runtime has files of its own for debuggers, which are not ours.
        "env", "DOTNET_EnableDiagnostics=0", "dotnet", typeof(EndingRound).Assembly.Location, LibraryPrograms.Benchmark,
        "--victim", string.Join(',', [Text($"{Server.Port}"), _stage.Keys.KeyFile(Environment.UserName), .. arguments]),
    ]);

    /// <summary>SIGKILL.</summary>
    public static void KillAtOnce(int pid) => _ = LinuxCalls.Kill(pid, Kill);

    /// <summary>SIGTERM.</summary>
    public static void EndInOrder(int pid) => _ = LinuxCalls.Kill(pid, Terminate);

    /// <summary>How far it had come.</summary>
    public bool HasConnected => MachineView.ConnectionsTo(Server.Port) > _connections;

    /// <summary>Has it log in elsewhere, where nobody is connected.</summary>
    public void OwnServer(ServerProcess server)
    {
        Server = server;
        _connections = 0;
    }

    /// <summary>What of it is still there and may not be.</summary>
    public IReadOnlyList<string> Leftovers()
    {
        List<string> left = [];
        left.AddRange(Processes.Except(Survivors).Select(static pid => $"process {MachineView.NameOf(pid)}"));
        if (Survivors.Count > 0)
            return left;
        foreach ((string name, int port) in new[] { ("local port", LocalPort), ("SOCKS port", SocksPort), ("remote port", RemotePort) })
        {
            if (MachineView.IsListening(port))
                left.Add(name);
        }

        left.AddRange(MachineView.AnsweringBelow(_stage.Watched).Except(_answering).Select(static path => $"socket {Path.GetFileName(path)}"));
        if (IsSshd && MachineView.Descendants(Server.Pid).Count > 0)
            left.Add("session of sshd");
        if (MachineView.ConnectionsTo(Server.Port) > _connections)
            left.Add("connection of the server");
        return left;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _later;
        _ending.Dispose();
        foreach (int pid in Processes)
            KillAtOnce(pid);
        foreach (Process child in _children)
        {
            await child.WaitForExitAsync();
            child.Dispose();
        }

        await _traffic.DisposeAsync();
    }

    private static IPEndPoint Loopback(int port) => new(IPAddress.Loopback, port);

    private static int FreePort()
    {
        while (true)
        {
            _lastPort = _lastPort >= LastPort ? FirstPort : _lastPort + 1;
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(Loopback(_lastPort));
                return _lastPort;
            }
            catch (SocketException)
            {
                // Somebody's.
            }
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

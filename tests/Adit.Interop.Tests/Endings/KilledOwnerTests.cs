using System.Diagnostics;
using System.Globalization;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Endings;

/// <summary>Every kind of owner of a tunnel, killed with SIGKILL while it starts, logs in or works. <c>bench/run endings</c> does it 200 times.</summary>
public sealed class KilledOwnerTests(ITestOutputHelper output) : ForwardTest(output)
{
    // The bound that is promised; the kernel and the server need a few milliseconds of it.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastMoment = TimeSpan.FromMilliseconds(700);

    private readonly MarkedProcesses _marked = new();
    private readonly TcpService _echo = TcpService.Echo();
    private readonly string _folder = RunFolder.Create("endings");
    private readonly int _local = LoopbackPort.Free(), _remote = LoopbackPort.Free(), _socks = LoopbackPort.Free();
    private SshdPeer _sshd = null!;
    private SshClientFiles _files = null!;

    private string ControlPath => Path.Combine(_folder, "control");

    private string LocalSocket => Path.Combine(_folder, "local");

    private Dictionary<string, string?> Surroundings => new([_marked.Variable], StringComparer.Ordinal)
    {
        ["TMPDIR"] = _folder,
        ["XDG_RUNTIME_DIR"] = _folder,
    };

    // By what files the runtime lets debuggers in is for such a program's owner to say.
    private Dictionary<string, string?> OfProgram => new(Surroundings, StringComparer.Ordinal) { ["DOTNET_EnableDiagnostics"] = "0" };

    [AditTheory]
    [Trait("Surface", "S0-2")]
    [Trait("Surface", "S0-3")]
    [InlineData("tunnel", 1)]
    [InlineData("tunnel", 2)]
    [InlineData("background", 3)]
    [InlineData("master", 4)]
    [InlineData("run", 5)]
    [InlineData("run", 6)]
    [InlineData("program", 7)]
    [InlineData("npgsql", 8)]
    public async Task A_killed_owner_leaves_nothing_at_work_and_its_files_go_with_the_next_one(string kind, int seed)
    {
        await PrepareAsync();

        await StartAsync(kind);
        await Patience.UntilAsync(() => Victim(kind) is not null, "there should be somebody to kill");
        await Task.Delay(LastMoment * new Random(seed).NextDouble());
        ProcessTree.KillIfAlive(Victim(kind)!.Value);
        await UntilNothingIsLeftAsync();

        await StartAsync(kind);
        await Patience.UntilAsync(() => IsOpen(kind), "the next one should open beside what the killed one left");
        foreach (var entry in _marked.All())
            _ = ProcessTree.SendSignal(entry.Pid, kind is "npgsql" ? 9 : 15);
        await UntilNothingIsLeftAsync();
        if (kind is not "npgsql") // the sample ends in order only when its query does
            Assert.Empty(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.InRange(Directory.EnumerateDirectories(_folder, "adit-*").Count(), 0, 1);
    }

    [AditFact]
    [Trait("Surface", "S0-2")]
    public async Task A_killed_client_leaves_nothing_with_its_master()
    {
        await PrepareAsync();
        var master = await StartAsync("master");
        await Patience.UntilAsync(() => Listens(ControlPath), "the master should listen", () => master.Log);

        await using var client = await AditProcess.StartAsync(new ChildProcessStart("", "-F", _files.ConfigPath, "-S", ControlPath, SshClientFiles.Alias, $"{_marked.Prefix} cat"));
        await Patience.UntilAsync(() => _marked.All().Any(static entry => entry.Command is "cat"), "the command should run", () => client.Log);
        client.Kill();

        await WithinBoundAsync(() => !_marked.All().Any(static entry => entry.Command is "cat"), "the command on the server");
        Assert.True(ProcessTree.IsAlive(master.Entry));
    }

    [AditFact]
    [Trait("Surface", "S0-2")]
    public async Task A_killed_gateway_leaves_no_port_and_no_client()
    {
        await PrepareAsync();
        var gateway = await StartServerAsync("gateway");
        var client = await AditProcess.StartAsync(new ChildProcessStart("",
            "-F", gateway.Client.ConfigPath, "-N", "-o", "AditReconnect=no", "-L", Spec(_local), "-R", Spec(_remote), SshClientFiles.Alias) { Environment = Surroundings });
        await using (client)
        {
            await LoopbackPort.UntilListeningAsync(_remote, client);
            await Bulk.EchoAsync(_remote);
            _ = ProcessTree.SendSignal(gateway.Pid, 9);

            await UntilNothingIsLeftAsync();
            Assert.False(LoopbackPort.IsListening(gateway.Port));
        }
    }

    private async Task PrepareAsync()
    {
        Own(_marked);
        Own(_echo);
        _sshd = await StartSshdAsync();
        _files = await SshClientFiles.CreateAsync(_sshd);
    }

    private async Task<ChildProcess> StartAsync(string kind) => Own(await (kind switch
    {
        "tunnel" => AditAsync("-N", "-L", Spec(_local), "-L", $"{LocalSocket}:127.0.0.1:{_echo.Port}", "-D", $"{_socks}", "-R", Spec(_remote)),
        "background" => AditAsync("-f", "-N", "-L", Spec(_local)),
        "master" => AditAsync("-N", "-M", "-S", ControlPath, "-L", Spec(_local)),
        "run" => AditProcess.StartAsync(new ChildProcessStart("",
            "run", "-F", _files.ConfigPath, SshClientFiles.Alias, "-L", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_echo.Port}"), "--", "sleep", "1000") { Environment = Surroundings }),
        "program" => ChildProcess.StartAsync(SampleProgram.Start("Streams", _files, OfProgram, SshClientFiles.Alias, "localhost", $"{_echo.Port}")),
        "npgsql" => ChildProcess.StartAsync(SampleProgram.Start("EntityFramework", _files, OfProgram, SshClientFiles.Alias, $"Host=localhost;Port={_echo.Port};SSL Mode=Disable")),
        _ => throw new UnreachableException(),
    }));

    private Task<ChildProcess> AditAsync(params IReadOnlyList<string> options) =>
        AditProcess.StartAsync(new ChildProcessStart("", ["-F", _files.ConfigPath, .. options, SshClientFiles.Alias]) { Environment = Surroundings });

    // Of -f it is the process that goes on, which is adit itself and has another adit as its parent, as long as that waits.
    private ProcessEntry? Victim(string kind)
    {
        var all = _marked.All();
        return kind is "background"
            ? all.Where(entry => entry.Command is "adit" && !all.Any(child => child.ParentPid == entry.Pid && child.Command is "adit")).Select(static entry => (ProcessEntry?)entry).LastOrDefault()
            : all.OrderBy(static entry => entry.StartTime).Select(static entry => (ProcessEntry?)entry).FirstOrDefault();
    }

    private bool IsOpen(string kind) => kind switch
    {
        "master" => Listens(ControlPath),
        "run" => _marked.All().Any(static entry => entry.Command is "sleep"),
        "program" or "npgsql" => _sshd.Connections > 0,
        _ => LoopbackPort.IsListening(_local) && (kind is not "tunnel" || LoopbackPort.IsListening(_remote)),
    };

    private Task UntilNothingIsLeftAsync() => WithinBoundAsync(
        () => _marked.All().Count == 0 && _sshd.Connections == 0
            && !LoopbackPort.IsListening(_local) && !LoopbackPort.IsListening(_remote) && !LoopbackPort.IsListening(_socks)
            && !Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Any(Listens),
        string.Join(", ", _marked.All()));

    private static async Task WithinBoundAsync(Func<bool> isGone, string what)
    {
        var began = Stopwatch.GetTimestamp();
        await Patience.UntilAsync(isGone, $"this should be gone: {what}");
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, Bound);
    }

    private string Spec(int port) => string.Create(CultureInfo.InvariantCulture, $"{port}:127.0.0.1:{_echo.Port}");
}

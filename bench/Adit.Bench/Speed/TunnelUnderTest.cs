using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>A contender at work: a client that listens on a port for each target. Without a client, the ports are the targets'.</summary>
internal sealed class TunnelUnderTest : IDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    // What it started, to be ended with it; the ends are processes of it or of the stage.
    private readonly IDisposable? _own;
    private readonly int? _client;
    private readonly int? _server;

    /// <param name="contender">What is measured.</param>
    /// <param name="ports">Where it listens, for each target.</param>
    /// <param name="own">What is ended with it.</param>
    /// <param name="client">The process of the local end.</param>
    /// <param name="server">The process of the far end.</param>
    public TunnelUnderTest(Contender contender, IReadOnlyList<int> ports, IDisposable? own = null, int? client = null, int? server = null) =>
        (Contender, Ports, _own, _client, _server) = (contender, ports, own, client, server);

    public Contender Contender { get; }

    /// <summary>Where a program connects to, for each target.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <param name="stage">The servers.</param>
    /// <param name="contender">What is measured.</param>
    /// <param name="targets">Ports of this machine.</param>
    /// <param name="via">A port that leads to the server, where the way there is part of the measurement.</param>
    /// <param name="options">More for the client.</param>
    public static async Task<TunnelUnderTest> OpenAsync(
        Stage stage, Contender contender, IReadOnlyList<int> targets, int? via = null, IReadOnlyList<string>? options = null)
    {
        if (contender.Client is null)
            return new(contender, targets);
        if (contender.Client is ClientProgram.Relay)
            return OpenRelay(stage, contender, targets);
        ServerProcess server = stage.ServerOf(contender);
        int[] ports = [.. targets.Select(static _ => int.Parse(ServerFolder.FreePort(), CultureInfo.InvariantCulture))];
        IEnumerable<string> forwards = ports.SelectMany((port, i) => (string[])["-L", Text($"127.0.0.1:{port}:127.0.0.1:{targets[i]}")]);
        var client = new RunningClient(Start(stage, contender, via ?? server.Port, ["-N", "-o", "ExitOnForwardFailure=yes", .. forwards, .. options ?? []]));
        var tunnel = new TunnelUnderTest(contender, ports, client, client.Process.Id, server.Pid);
        foreach (int port in ports)
            await UntilListeningAsync(contender.Name, client.Process, port);
        return tunnel;
    }

    /// <summary>Starts the contender's client such that its input and output are those of a port of this machine.</summary>
    public static Process Join(Stage stage, Contender contender, int target) => Start(
        stage, contender, stage.ServerOf(contender).Port, [contender.Client is ClientProgram.Dbclient ? "-B" : "-W", Text($"127.0.0.1:{target}")], redirect: true);

    /// <summary>Seconds of CPU that both ends have used so far.</summary>
    public (double Client, double Server) Cpu() => (_client, _server) is ({ } client, { } server) ? (ProcessCpu.OfTree(client), ProcessCpu.OfTree(server)) : default;

    public ProcessMemory ClientMemory() => _client is { } client ? ProcessMemory.OfTree(client) : default;

    public ProcessMemory ServerMemory() => _server is { } server ? ProcessMemory.OfTree(server) : default;

    public void Dispose() => _own?.Dispose();

    private static Process Start(Stage stage, Contender contender, int port, IEnumerable<string> options, bool redirect = false)
    {
        if (contender.Client is ClientProgram.Dbclient)
            return StartDropbear(stage.Dropbear!, port, options, redirect);
        string program = contender.Client is ClientProgram.Ssh ? "ssh" : Path.Combine(stage.Root, "adit");
        string[] arguments =
        [
            "-F", "none", "-i", stage.Folder.KeyFile(Environment.UserName), "-p", Text($"{port}"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", .. contender.Options, .. options, "127.0.0.1",
        ];
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = redirect, RedirectStandardInput = true };
        return Process.Start(start)!;
    }

    // It knows hosts by the home that the system has for the user, which is not the benchmark's, so it does not look at the host key; and says that
    // that is not safe.
    private static Process StartDropbear(Dropbear dropbear, int port, IEnumerable<string> options, bool redirect)
    {
        var start = new ProcessStartInfo("dbclient", ["-y", "-y", "-i", dropbear.Identity, "-p", Text($"{port}"), .. options, "root@127.0.0.1"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = redirect,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, said) =>
        {
            if (said.Data is { Length: > 0 } line && !line.Contains("skipping hostkey check", StringComparison.Ordinal))
                Console.Error.WriteLine(line);
        };
        process.BeginErrorReadLine();
        return process;
    }

    private static TunnelUnderTest OpenRelay(Stage stage, Contender contender, IReadOnlyList<int> targets)
    {
        RelayHop far = RelayHop.Start(stage.Root, targets);
        try
        {
            RelayHop near = RelayHop.Start(stage.Root, far.Ports);
            return new(contender, near.Ports, new RunningRelay(near, far), near.Pid, far.Pid);
        }
        catch
        {
            far.Dispose();
            throw;
        }
    }

    /// <summary>Waits until a process listens.</summary>
    /// <exception cref="BenchException">It ended, or took too long.</exception>
    public static async Task UntilListeningAsync(string who, Process process, int port)
    {
        long since = Stopwatch.GetTimestamp();
        while (!IsListening(port))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(since) > StartTime)
                throw new BenchException($"{who} does not listen on port {port}");
            await Task.Delay(10);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Without connecting, which would open a channel.
    private static bool IsListening(int port) => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(end => end.Port == port);

    private sealed record RunningClient(Process Process) : IDisposable
    {
        public void Dispose()
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit();
            Process.Dispose();
        }
    }

    private sealed record RunningRelay(RelayHop Near, RelayHop Far) : IDisposable
    {
        public void Dispose()
        {
            Near.Dispose();
            Far.Dispose();
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>A contender at work: a client that listens on a port for each target. Without a client, the ports are the targets'.</summary>
internal sealed class TunnelUnderTest : IDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    private readonly Process? _client;
    private readonly ServerProcess? _server;

    private TunnelUnderTest(Contender contender, Process? client, ServerProcess? server, IReadOnlyList<int> ports) =>
        (Contender, _client, _server, Ports) = (contender, client, server, ports);

    public Contender Contender { get; }

    /// <summary>Where a program connects to, for each target.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <param name="stage">The servers.</param>
    /// <param name="contender">What is measured.</param>
    /// <param name="targets">Ports of this machine.</param>
    /// <param name="via">A port that leads to the server, where the way there is part of the measurement.</param>
    public static async Task<TunnelUnderTest> OpenAsync(Stage stage, Contender contender, IReadOnlyList<int> targets, int? via = null)
    {
        if (contender.Client is null)
            return new(contender, null, null, targets);
        ServerProcess server = stage.ServerOf(contender);
        int[] ports = [.. targets.Select(static _ => int.Parse(ServerFolder.FreePort(), CultureInfo.InvariantCulture))];
        IEnumerable<string> forwards = ports.SelectMany((port, i) => (string[])["-L", Text($"127.0.0.1:{port}:127.0.0.1:{targets[i]}")]);
        Process client = Start(stage, contender, via ?? server.Port, ["-N", "-o", "ExitOnForwardFailure=yes", .. forwards]);
        var tunnel = new TunnelUnderTest(contender, client, server, ports);
        foreach (int port in ports)
            await tunnel.UntilListeningAsync(port);
        return tunnel;
    }

    /// <summary>Starts the contender's client.</summary>
    public static Process Start(Stage stage, Contender contender, int port, IEnumerable<string> options, bool redirect = false)
    {
        string program = contender.Client is ClientProgram.Ssh ? "ssh" : Path.Combine(stage.Root, "adit");
        string[] arguments =
        [
            "-F", "none", "-i", stage.Folder.KeyFile(Environment.UserName), "-p", Text($"{port}"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", .. contender.Options, .. options, "127.0.0.1",
        ];
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = redirect, RedirectStandardInput = true };
        return Process.Start(start)!;
    }

    /// <summary>Seconds of CPU that both ends have used so far.</summary>
    public (double Client, double Server) Cpu() => _client is null ? default : (ProcessCpu.OfTree(_client.Id), ProcessCpu.OfTree(_server!.Pid));

    public ProcessMemory ClientMemory() => _client is null ? default : ProcessMemory.OfTree(_client.Id);

    public ProcessMemory ServerMemory() => _server?.Memory() ?? default;

    public void Dispose()
    {
        if (_client is null)
            return;
        _client.Kill(entireProcessTree: true);
        _client.WaitForExit();
        _client.Dispose();
    }

    private async Task UntilListeningAsync(int port)
    {
        long since = Stopwatch.GetTimestamp();
        while (!IsListening(port))
        {
            if (_client!.HasExited || Stopwatch.GetElapsedTime(since) > StartTime)
                throw new BenchException($"{Contender} does not listen on port {port}");
            await Task.Delay(10);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Without connecting, which would open a channel.
    private static bool IsListening(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}

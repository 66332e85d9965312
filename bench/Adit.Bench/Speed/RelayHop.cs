using System.Diagnostics;
using System.Globalization;
using Adit.Relay;

namespace Adit.Bench.Speed;

/// <summary>
/// A process that passes connections on and does nothing else: two of them, one behind the other, are what a tunnel of two processes would be without
/// encryption. It is Adit's own relay, compiled and set up as adit is.
/// </summary>
internal sealed class RelayHop : IDisposable
{
    /// <summary>The name of the benchmark that is nothing but the hop.</summary>
    public const string Benchmark = "relay";

    private readonly Process _process;

    private RelayHop(Process process, IReadOnlyList<int> ports) => (_process, Ports) = (process, ports);

    /// <summary>Where it listens, for each target.</summary>
    public IReadOnlyList<int> Ports { get; }

    public int Pid => _process.Id;

    /// <param name="root">The folder of the checkout.</param>
    /// <param name="targets">Ports of this machine.</param>
    public static RelayHop Start(string root, IReadOnlyList<int> targets)
    {
        var start = new ProcessStartInfo("dotnet", [Environment.GetCommandLineArgs()[0], "--root", root, "--targets", string.Join(',', targets.Select(Text)), Benchmark])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        // adit is compiled ahead of time, and its threads do not spin.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        Process process = Process.Start(start)!;
        string ports = process.StandardOutput.ReadLine() ?? throw new BenchException("the relay does not start");
        return new(process, [.. ports.Split(',').Select(static port => int.Parse(port, CultureInfo.InvariantCulture))]);
    }

    /// <summary>The hop itself: says its ports, and passes on until it is ended.</summary>
    public static async Task RunAsync(IReadOnlyList<int> targets)
    {
        var ports = new List<int>();
        var dialer = new TcpDialer();
        foreach (int target in targets)
        {
            LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
            ports.Add(Forward.Start(listener, Endpoint.Tcp("127.0.0.1", target), dialer, new() { Admission = Admission.AnyPeer }).Endpoints[0].Port);
        }

        Console.WriteLine(string.Join(',', ports.Select(Text)));
        await Task.Delay(Timeout.Infinite);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}

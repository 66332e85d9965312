using System.Diagnostics;
using System.Globalization;

namespace Adit.Bench.Speed;

/// <summary>Ten thousand connections at once through one tunnel.</summary>
internal static class CrowdMeasures
{
    /// <summary>The name of the benchmark that is nothing but the service, in a process of its own: one process may not have so many files.</summary>
    public const string EchoBenchmark = "echo";

    private const int Count = 10_000;
    private const int Block = 1024;

    public static async Task RunAsync(Stage stage, SpeedOptions options, Samples samples)
    {
        using Process echo = StartEcho(stage.Root, out int port);
        try
        {
            using TunnelUnderTest tunnel = await TunnelUnderTest.OpenAsync(stage, Contender.Adit, [port]);
            using EchoClients clients = await EchoClients.ConnectAsync(tunnel.Ports[0], Count);
            await clients.PingAllAsync();
            long[] received = await clients.ChatAsync(Block, options.Bulk * 3);
            Array.Sort(received);
            samples.Add(Measure.Served, Contender.Adit, received.Count(static bytes => bytes > 0) / (double)Count);
            samples.Add(Measure.Fairness, Contender.Adit, received[0] / (double)received[Count / 2]);
        }
        finally
        {
            echo.Kill();
        }
    }

    /// <summary>The service: says its port, and serves until it is ended.</summary>
    public static async Task EchoAsync()
    {
        using var echo = new EchoServer();
        Console.WriteLine(echo.Port.ToString(CultureInfo.InvariantCulture));
        await Task.Delay(Timeout.Infinite);
    }

    private static Process StartEcho(string root, out int port)
    {
        var start = new ProcessStartInfo("dotnet", [Environment.GetCommandLineArgs()[0], "--root", root, EchoBenchmark]) { UseShellExecute = false, RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        port = int.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        return process;
    }
}

using System.Diagnostics;

namespace Adit.Bench.Speed;

/// <summary>How long people wait.</summary>
internal static class LatencyMeasures
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>A small question over a link like one at home, idle and while much comes down beside it.</summary>
    public static async Task NarrowAsync(Stage stage, SpeedOptions options, Samples samples)
    {
        const double rate = 100e6 / 8;
        const int routerQueue = 64 * 1024;
        using var bulk = new BulkTarget();
        using var echo = new EchoServer();
        foreach (Contender contender in Contender.Tunnels)
        {
            using var link = new LinkRelay(stage.ServerOf(contender).Port, TimeSpan.FromMilliseconds(20), rate, routerQueue);
            using TunnelUnderTest tunnel = await TunnelUnderTest.OpenAsync(stage, contender, [echo.Port, bulk.Port], link.Port);
            for (int round = 0; round < options.Rounds; round++)
            {
                samples.Add(Measure.IdleLatency, contender, EchoClients.MedianPing(tunnel.Ports[0], options.Pings, Pause));
                samples.Add(Measure.BusyLatency, contender, DatabaseMeasures.BesideDownload(tunnel, () => EchoClients.MedianPing(tunnel.Ports[0], options.Pings, Pause)).Value);
            }
        }
    }

    /// <summary>From the start of a process to the first byte of a target that it is connected with (-W, dbclient's -B).</summary>
    public static void Start(Stage stage, SpeedOptions options, Samples samples)
    {
        using var banner = new Banner();
        for (int i = 0; i < options.Starts; i++)
        {
            foreach (Contender contender in stage.Clients)
            {
                long began = Stopwatch.GetTimestamp();
                using Process process = TunnelUnderTest.Join(stage, contender, banner.Port);
                if (process.StandardOutput.BaseStream.ReadByte() < 0)
                    throw new BenchException($"{contender} passes nothing");
                samples.Add(Measure.FirstByte, contender, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                process.Kill();
                process.WaitForExit();
            }
        }
    }
}

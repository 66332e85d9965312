using System.Diagnostics;
using System.Globalization;
using Adit.Cli.Demo;

namespace Adit.Bench.Speed;

/// <summary>What a database's user notices: pgbench with a real PostgreSQL.</summary>
internal static class DatabaseMeasures
{
    /// <summary>Queries on one and on many connections, connections, and if wanted queries while a large table is downloaded.</summary>
    public static async Task RunAsync(IStage stage, SpeedOptions options, Samples samples, bool besideDownload)
    {
        (DemoPostgres? server, string? missing) = await DemoPostgres.TryStartAsync(stage.Folder.Path, CancellationToken.None);
        if (server is null)
            throw new BenchException($"{missing}: apt-get install postgresql");
        await using (server)
        {
            using var bulk = new BulkTarget();
            Bench(server, server.Port, "-i", "-q", "-s", "1");
            await BulkMeasures.EachAsync(stage, options, samples, [server.Port, bulk.Port], (tunnel, options, samples) =>
            {
                string seconds = options.Queries.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
                int port = tunnel.Ports[0];
                samples.Add(Measure.QueriesOne, tunnel.Contender, Bench(server, port, "-S", "-T", seconds, "-c", "1"));
                samples.Add(Measure.QueriesSixteen, tunnel.Contender, Bench(server, port, "-S", "-T", seconds, "-c", "16"));
                samples.Add(Measure.NewConnections, tunnel.Contender, Bench(server, port, "-S", "-C", "-T", seconds, "-c", "4"));
                if (besideDownload && tunnel.Contender.Client is not null)
                {
                    (double queries, double download) = BesideDownload(tunnel, () => Bench(server, port, "-S", "-T", seconds, "-c", "1"));
                    samples.Add(Measure.QueriesBeside, tunnel.Contender, queries);
                    samples.Add(Measure.DownloadBeside, tunnel.Contender, download / BulkMeasures.Megabyte);
                }
            });
        }
    }

    /// <summary>Does something while bytes come down through the tunnel's second forward.</summary>
    /// <returns>What was measured, and how many bytes came in a second.</returns>
    public static (double Value, double Download) BesideDownload(TunnelUnderTest tunnel, Func<double> measure)
    {
        using var stop = new CancellationTokenSource();
        var download = Task.Run(() => BulkTarget.Receive(tunnel.Ports[1], TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(500), stop.Token), CancellationToken.None);
        Thread.Sleep(TimeSpan.FromSeconds(1));
        double value = measure();
        stop.Cancel();
        return (value, download.Result);
    }

    private static double Bench(DemoPostgres server, int port, params string[] arguments)
    {
        string program = DemoPostgres.Find("pgbench") ?? throw new BenchException("pgbench is missing: apt-get install postgresql");
        var start = new ProcessStartInfo(program, ["-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", server.User, "-n", .. arguments, "postgres"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BenchException($"pgbench {string.Join(' ', arguments)} returned {process.ExitCode}: {errors.Result}");
        string[] words = output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        int name = Array.IndexOf(words, "tps");
        return name < 0 ? 0 : double.Parse(words[name + 2], CultureInfo.InvariantCulture);
    }
}

using System.Diagnostics;
using System.Globalization;

namespace Adit.Bench.Speed;

/// <summary>Adit and OpenSSH side by side on this machine, in one run, taking turns.</summary>
internal static class SpeedBenchmark
{
    public static async Task RunAsync(BenchOptions options)
    {
        SpeedOptions speed = options.IsQuick ? SpeedOptions.Quick : SpeedOptions.Full;
        var samples = new Samples();
        (string Name, Func<Stage, Task> Run)[] parts =
        [
            ("bulk", stage => BulkMeasures.NearAsync(stage, speed, samples)),
            ("far", stage => BulkMeasures.FarAsync(stage, speed, samples)),
            ("database", stage => DatabaseMeasures.RunAsync(stage, speed, samples)),
            ("narrow", stage => LatencyMeasures.NarrowAsync(stage, speed, samples)),
            ("start", stage => Task.Run(() => LatencyMeasures.Start(stage, speed, samples))),
            ("memory", stage => BulkMeasures.MemoryAsync(stage, speed, samples)),
            ("crowd", stage => CrowdMeasures.RunAsync(stage, speed, samples)),
        ];
        long began = Stopwatch.GetTimestamp();
        using (Stage stage = await Stage.SetAsync(options.Root))
        {
            foreach ((string name, Func<Stage, Task> run) in parts)
            {
                if (!name.Contains(options.Only, StringComparison.Ordinal))
                    continue;
                await Console.Error.WriteLineAsync($"bench: {name}");
                long start = Stopwatch.GetTimestamp();
                await run(stage);
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"bench: {name} took {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
            }
        }

        var report = new SpeedReport(samples, Stopwatch.GetElapsedTime(began), options.IsQuick);
        Console.WriteLine(report.Text());
        if (options.Only.Length == 0 || options.Folder is not null)
            report.Write(options.Folder ?? Path.Combine(options.Root, "bench", "results"));
    }
}

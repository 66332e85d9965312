using System.Diagnostics;
using System.Globalization;

namespace Adit.Bench.Speed;

/// <summary>Adit and OpenSSH side by side on this machine, in one run, taking turns.</summary>
internal static class SpeedBenchmark
{
    public static async Task RunAsync(BenchOptions options)
    {
        SpeedOptions speed = options.IsQuick ? SpeedOptions.Quick : SpeedOptions.Full;
        await RunAsync(options, Comparison.Ssh, Stage.SetAsync, (stage, samples) =>
        [
            ("bulk", () => BulkMeasures.NearAsync(stage, speed, samples)),
            ("far", () => BulkMeasures.FarAsync(stage, speed, samples)),
            ("database", () => DatabaseMeasures.RunAsync(stage, speed, samples, besideDownload: true)),
            ("narrow", () => LatencyMeasures.NarrowAsync(stage, speed, samples)),
            ("start", () => Task.Run(() => LatencyMeasures.Start(stage, speed, samples))),
            ("memory", () => MemoryMeasures.IdleAsync(stage, speed, samples)),
            ("growth", () => MemoryMeasures.GrowthAsync(stage, speed, samples)),
            ("crowd", () => CrowdMeasures.RunAsync(stage, speed, samples)),
        ]);
    }

    /// <summary>Runs the parts of a benchmark that are asked for, prints what came out, and writes it where all of them were run.</summary>
    public static async Task RunAsync<TStage>(
        BenchOptions options, Comparison comparison, Func<string, Task<TStage>> set, Func<TStage, Samples, (string Name, Func<Task> Run)[]> parts)
        where TStage : IStage
    {
        var samples = new Samples();
        long began = Stopwatch.GetTimestamp();
        using (TStage stage = await set(options.Root))
        {
            foreach ((string name, Func<Task> run) in parts(stage, samples))
            {
                if (!name.Contains(options.Only, StringComparison.Ordinal))
                    continue;
                await Console.Error.WriteLineAsync($"bench: {name}");
                long start = Stopwatch.GetTimestamp();
                await run();
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"bench: {name} took {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
            }
        }

        var report = new SpeedReport(comparison, samples, Stopwatch.GetElapsedTime(began), options.IsQuick);
        Console.WriteLine(report.Text());
        if (options.Only.Length == 0 || options.Folder is not null)
            report.Write(options.Folder ?? Path.Combine(options.Root, "bench", "results"));
    }
}

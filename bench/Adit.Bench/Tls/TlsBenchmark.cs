using Adit.Bench.Speed;

namespace Adit.Bench.Tls;

/// <summary>adit tls and stunnel side by side on this machine, in one run, taking turns, with the same files.</summary>
internal static class TlsBenchmark
{
    public static Task RunAsync(BenchOptions options)
    {
        SpeedOptions speed = options.IsQuick ? SpeedOptions.Quick : SpeedOptions.Full;
        return SpeedBenchmark.RunAsync(options, TlsComparison.Stunnel, TlsStage.SetAsync, (stage, samples) =>
        [
            ("bulk", () => BulkMeasures.NearAsync(stage, speed, samples)),
            ("database", () => DatabaseMeasures.RunAsync(stage, speed, samples, besideDownload: false)),
            ("handshake", () => TlsMeasures.HandshakesAsync(stage, speed, samples)),
            ("memory", () => TlsMeasures.MemoryAsync(stage, samples)),
        ]);
    }
}

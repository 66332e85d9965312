using System.Diagnostics;
using Adit.Ssh.Connection;

namespace Adit.Bench.Flood;

/// <summary>One user with an open tunnel, who asks and waits for the answer, over and over.</summary>
internal sealed class UserQueries(Channel channel)
{
    private const int QueryBytes = 64;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Asks for so long; how long each answer took.</summary>
    public async Task<Latencies> AskAsync(TimeSpan duration)
    {
        List<TimeSpan> times = [];
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < duration; await Task.Delay(Pause))
            times.Add(await AskOnceAsync());
        return Latencies.Of(times);
    }

    private async Task<TimeSpan> AskOnceAsync()
    {
        byte[] query = new byte[QueryBytes];
        Random.Shared.NextBytes(query);
        long asked = Stopwatch.GetTimestamp();
        await channel.WriteAsync(query);
        List<byte> answer = [];
        while (answer.Count < query.Length)
        {
            ReadOnlyMemory<byte> data = await channel.ReadAsync();
            if (data.IsEmpty)
                throw new BenchException("the user's tunnel ended");
            answer.AddRange(data.Span);
        }

        return answer.SequenceEqual(query) ? Stopwatch.GetElapsedTime(asked) : throw new BenchException("the user's tunnel answered something else");
    }
}

/// <summary>How long things took, in milliseconds.</summary>
internal readonly record struct Latencies(int Count, double P50, double P99, double Most)
{
    public static Latencies Of(List<TimeSpan> times)
    {
        double[] sorted = [.. times.Select(static time => time.TotalMilliseconds).Order()];
        double At(double share) => sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
        return new(sorted.Length, At(0.5), At(0.99), At(1));
    }
}

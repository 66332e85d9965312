using System.Diagnostics;
using System.Text.RegularExpressions;
using Adit.Bench.Servers;

namespace Adit.Bench.Endings;

/// <summary>Kills owners of tunnels at random moments, and looks for what stays behind.</summary>
internal static partial class EndingsBenchmark
{
    /// <summary>Within this time everything has to be gone.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public static async Task RunAsync(BenchOptions options, Results results)
    {
        await using EndingStage stage = await EndingStage.SetAsync(options.Root);
        List<EndingTally> tallies = [.. OwnerKinds.All.Where(kind => kind.Name.Contains(options.Only, StringComparison.Ordinal)).Select(static kind => new EndingTally(kind))];
        if (tallies.Count == 0)
            throw new BenchException($"no kind of owner has \"{options.Only}\" in its name");
        await using Bystanders bystanders = await Bystanders.StartAsync(stage);
        var random = new Random(options.Seed);
        string[] before = [.. MachineView.FilesBelow(stage.Watched)];
        for (int i = 0; i < tallies.Count; i++)
        {
            int rounds = (options.Rounds / tallies.Count) + (i < options.Rounds % tallies.Count ? 1 : 0);
            for (int number = 0; number < rounds; number++)
                await RunAsync(stage, tallies[i], before, number, tallies[i].Kind.Longest * random.NextDouble());
            await SucceedAsync(stage, tallies[i], before);
            Console.Error.WriteLine($"{tallies[i].Kind.Name}: {string.Join(", ", tallies[i].Leftovers.Concat(tallies[i].Files).Distinct(StringComparer.Ordinal).DefaultIfEmpty("nothing left"))}");
            Record(results, tallies[i]);
        }

        bystanders.Check();
        var report = new EndingsReport(tallies, options.Seed);
        Console.WriteLine(report.Table());
        if (options.Only.Length == 0)
            report.Write(options.Folder ?? Path.Combine(options.Root, "bench", "results"));
        if (tallies.Any(static tally => tally.Leftovers.Count + tally.Files.Count > 0))
            throw new BenchException("something stays behind");
    }

    private static async Task RunAsync(EndingStage stage, EndingTally tally, string[] before, int number, TimeSpan moment)
    {
        OwnerKind kind = tally.Kind;
        ServerProcess? own = null;
        await using (var round = new EndingRound(stage, number % 2 == 0 ? stage.Sshd : stage.Gateway, number))
        {
            try
            {
                await kind.Prepare(round);
                own = round.Server == stage.Sshd || round.Server == stage.Gateway ? null : round.Server;
                kind.Start(round);
                await OwnerKinds.UntilAsync(() => kind.Victim(round) is not null || round.Processes.Count == 0, kind.Name);
                await Task.Delay(moment);
                tally.Rounds++;
                if (kind.IsOpen(round))
                    tally.Open++;
                else if (round.HasConnected)
                    tally.LoggingIn++;
                else
                    tally.Starting++;
                if (kind.Victim(round) is { } victim)
                    EndingRound.KillAtOnce(victim);
                tally.Took(await GoneAsync(round, tally));
                kind.Afterwards(round);
                await GoneAsync(round, tally);
            }
            finally
            {
                own?.Dispose();
            }
        }

        tally.DeadFiles = Math.Max(tally.DeadFiles, MachineView.FilesBelow(stage.Watched).Except(before, StringComparer.Ordinal).Count());
    }

    private static async Task<TimeSpan> GoneAsync(EndingRound round, EndingTally tally)
    {
        long killed = Stopwatch.GetTimestamp();
        while (round.Leftovers() is { Count: > 0 } left)
        {
            if (Stopwatch.GetElapsedTime(killed) > Bound)
            {
                tally.Leftovers.AddRange(left);
                break;
            }

            await Task.Delay(Pause);
        }

        return Stopwatch.GetElapsedTime(killed);
    }

    // The next one that starts beside the dead ones, and ends in order, leaves nothing of itself or of them.
    private static async Task SucceedAsync(EndingStage stage, EndingTally tally, string[] before)
    {
        ServerProcess? own = null;
        await using (var round = new EndingRound(stage, stage.Gateway, 0))
        {
            await tally.Kind.Prepare(round);
            own = round.Server == stage.Sshd || round.Server == stage.Gateway ? null : round.Server;
            tally.Kind.Start(round);
            await OwnerKinds.UntilAsync(() => tally.Kind.IsOpen(round), $"{tally.Kind.Name}, started beside dead ones,");
            foreach (int pid in round.Processes)
                EndingRound.EndInOrder(pid);
            await OwnerKinds.UntilAsync(() => round.Processes.Count == 0, $"the end of {tally.Kind.Name}");
            if (own is not null)
            {
                EndingRound.EndInOrder(own.Pid);
                await OwnerKinds.UntilAsync(() => !MachineView.IsListening(own.Port), "the end of the gateway");
                await OwnerKinds.UntilAsync(() => MachineView.ConnectionsTo(own.Port) == 0, "the end of the gateway's connections");
                own.Dispose();
            }
        }

        foreach (string path in MachineView.FilesBelow(stage.Watched).Except(before, StringComparer.Ordinal))
        {
            string relative = Path.GetRelativePath(stage.Watched, path);
            Console.Error.WriteLine($"  {relative}");
            tally.Files.Add(Digits().Replace(relative, "N"));
        }
    }

    [GeneratedRegex("[0-9]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Digits();

    private static void Record(Results results, EndingTally tally) => results.Record("endings", new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["kind"] = tally.Kind.Name,
        ["rounds"] = tally.Rounds,
        ["worst_ms"] = tally.Worst.TotalMilliseconds,
        ["leftovers"] = tally.Leftovers.Count,
        ["files"] = tally.Files.Count,
    });
}

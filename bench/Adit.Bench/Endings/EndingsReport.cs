using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Adit.Bench.Endings;

/// <summary>The tallies for people.</summary>
internal sealed class EndingsReport(IReadOnlyList<EndingTally> tallies, int seed)
{
    /// <summary>As Markdown.</summary>
    public string Table()
    {
        var text = new StringBuilder();
        text.AppendLine("| killed | rounds | starting / logging in / open | worst time to gone, ms | left | most dead files at a time | left by the next start |").AppendLine("|---|---:|---:|---:|---|---:|---|");
        foreach (EndingTally tally in tallies)
            text.AppendLine(Invariant($"| {tally.Kind.Name} | {tally.Rounds} | {tally.Starting} / {tally.LoggingIn} / {tally.Open} | {tally.Worst.TotalMilliseconds:0} | {Text(tally.Leftovers)} | {tally.DeadFiles} | {Text(tally.Files)} |"));
        TimeSpan worst = tallies.Max(static tally => tally.Worst);
        text.AppendLine(Invariant($"| **all** | {tallies.Sum(static tally => tally.Rounds)} | {tallies.Sum(static tally => tally.Starting)} / {tallies.Sum(static tally => tally.LoggingIn)} / {tallies.Sum(static tally => tally.Open)} | {worst.TotalMilliseconds:0} | {tallies.Sum(static tally => tally.Leftovers.Count)} | {tallies.Max(static tally => tally.DeadFiles)} | {tallies.Sum(static tally => tally.Files.Count)} |"));
        return text.ToString();
    }

    /// <summary>Writes the page into a folder.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "endings.md"), Page());
    }

    private string Page() => $"""
        # Nothing stays behind

        Measured by `bench/run endings --seed {Invariant($"{seed}")}` on {Invariant($"{DateTime.UtcNow:yyyy-MM-dd}")}, {Invariant($"{Environment.ProcessorCount}")} cores
        ({RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}), other work going on beside it. Each round starts one owner of a tunnel, with bytes going
        through it as soon as it is open, and kills it with SIGKILL at a random moment up to 700 ms later (1.4 s where there is a session). Everything has to be gone within
        {Invariant($"{EndingsBenchmark.Bound.TotalSeconds:0}")} s: processes of the round wherever they hang, listening ports, sockets that answer, and what the server had for it (sshd and the gateway take
        turns). Nobody removes its files when it is killed: dead sockets and private folders are of no use to anybody, and the next one that starts
        beside them removes them, while tunnels that live in the same folders keep theirs. The runtime's own files for debuggers are kept from
        the programs with the library here; that is their owners' to decide. Times are those of a look every few milliseconds.

        {Table()}
        """;

    private static string Text(List<string> left) => left.Count == 0 ? "nothing" : string.Join(", ", left.CountBy(static one => one).Select(static pair => Invariant($"{pair.Value} × {pair.Key}")));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Adit.Bench.Speed;

/// <summary>The results of a run for people and programs: ratios first.</summary>
internal sealed class SpeedReport(Samples samples, TimeSpan time, bool isQuick)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly IReadOnlyList<Contender> Columns = [Contender.Direct, Contender.Relay, .. Contender.Tunnels, Contender.Dropbear];

    /// <summary>As Markdown.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        text.AppendLine("| measure | who | reached | to reach | |").AppendLine("|---|---|---:|---:|---|");
        foreach (Goal goal in Goal.All)
        {
            if (goal.Reached(samples) is { } reached)
                text.AppendLine(Invariant($"| {goal.Measure} | {Who(goal)} | {Number(reached)} | {(Measure.IsCost(goal.Measure) ? "≤" : "≥")} {goal.Bound} | {(goal.IsMet(reached) ? "yes" : "**no**")} |"));
        }

        text.AppendLine().Append("| measure |");
        foreach (Contender column in Columns)
            text.Append(Invariant($" {column.Name} |"));
        text.AppendLine().Append("|---|").AppendLine(string.Concat(Columns.Select(static _ => "---:|")));
        foreach (string measure in samples.Measures)
        {
            text.Append(Invariant($"| {measure} |"));
            foreach (Contender column in Columns)
                text.Append(Invariant($" {(samples.Median(measure, column) is { } median ? Number(median) : string.Empty)} |"));
            text.AppendLine();
        }

        return text.ToString();
    }

    /// <summary>Writes all forms into a folder.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "speed.md"), Page());
        File.WriteAllText(Path.Combine(folder, "speed.json"), Json());
        File.WriteAllText(Path.Combine(folder, "speed.svg"), SpeedChart.Draw(samples));
    }

    private string Page() => $"""
        # Adit beside OpenSSH

        Measured by `bench/run speed{(isQuick ? " --quick" : string.Empty)}` in one run of {Invariant($"{time.TotalMinutes:0.0}")} minutes on {Invariant($"{Environment.ProcessorCount}")} cores
        ({RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}), everything on this machine. The contenders take turns; each number is the middle
        of its rounds. `ssh` is OpenSSH at both ends as it comes, `ssh gcm` the same with aes128-gcm, `adit+sshd` Adit's client with OpenSSH's server, `adit` is
        Adit at both ends. `relay` is two processes that copy without encryption, the most that two processes in between can reach; `dropbear` is dropbear at
        both ends, as it comes. All rounds are in speed.json.

        ![ratios](speed.svg)

        {Text()}
        """;

    private string Json() => JsonSerializer.Serialize(
        samples.Measures.ToDictionary(
            static measure => measure,
            measure => Columns.Where(column => samples.Of(measure, column).Count > 0).ToDictionary(static column => column.Name, column => samples.Of(measure, column))),
        Indented);

    private static string Who(Goal goal) => goal switch
    {
        { Beside: null } => goal.Of.Name,
        { BesideMeasure: not null } => $"{goal.Of}: busy / idle",
        _ => $"{goal.Of} / {goal.Beside}",
    };

    private static string Number(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" }, CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

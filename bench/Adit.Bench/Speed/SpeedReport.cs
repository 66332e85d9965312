using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Adit.Bench.Speed;

/// <summary>The results of a run for people and programs: ratios first.</summary>
internal sealed class SpeedReport(Comparison comparison, Samples samples, TimeSpan time, bool isQuick)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>As Markdown.</summary>
    public string Text()
    {
        var text = new StringBuilder();
        text.AppendLine("| measure | who | reached | to reach | |").AppendLine("|---|---|---:|---:|---|");
        foreach (Goal goal in comparison.Goals)
        {
            if (goal.Reached(samples) is { } reached)
                text.AppendLine(Invariant($"| {goal.Measure} | {Who(goal)} | {Number(reached)} | {(Measure.IsCost(goal.Measure) ? "≤" : "≥")} {goal.Bound} | {(goal.IsMet(reached) ? "yes" : "**no**")} |"));
        }

        text.AppendLine().Append("| measure |");
        foreach (Contender column in comparison.Columns)
            text.Append(Invariant($" {column.Name} |"));
        text.AppendLine().Append("|---|").AppendLine(string.Concat(comparison.Columns.Select(static _ => "---:|")));
        foreach (string measure in samples.Measures)
        {
            text.Append(Invariant($"| {measure} |"));
            foreach (Contender column in comparison.Columns)
                text.Append(Invariant($" {(samples.Median(measure, column) is { } median ? Number(median) : string.Empty)} |"));
            text.AppendLine();
        }

        return text.ToString();
    }

    /// <summary>Writes all forms into a folder.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{comparison.Name}.md"), Page());
        File.WriteAllText(Path.Combine(folder, $"{comparison.Name}.json"), Json());
        File.WriteAllText(Path.Combine(folder, $"{comparison.Name}.svg"), SpeedChart.Draw(comparison.Goals, samples));
    }

    private string Page() => $"""
        # {comparison.Title}

        Measured by `bench/run {comparison.Name}{(isQuick ? " --quick" : string.Empty)}` in one run of {Invariant($"{time.TotalMinutes:0.0}")} minutes on {Invariant($"{Environment.ProcessorCount}")} cores
        ({RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}), everything on this machine. The contenders take turns; each number is the middle
        of its rounds. All rounds are in {comparison.Name}.json.

        {comparison.Explanation}

        ![ratios]({comparison.Name}.svg)

        {Text()}
        """;

    private string Json() => JsonSerializer.Serialize(
        samples.Measures.ToDictionary(
            static measure => measure,
            measure => comparison.Columns.Where(column => samples.Of(measure, column).Count > 0).ToDictionary(static column => column.Name, column => samples.Of(measure, column))),
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

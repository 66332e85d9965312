namespace Adit.Bench.Speed;

/// <summary>What was measured in one run: for each measure and contender, a number for each round.</summary>
internal sealed class Samples
{
    private readonly Dictionary<(string Measure, string Contender), List<double>> _all = [];
    private readonly List<string> _measures = [];

    /// <summary>The measures, in the order in which they were made.</summary>
    public IReadOnlyList<string> Measures => _measures;

    public void Add(string measure, Contender contender, double value)
    {
        if (!_measures.Contains(measure))
            _measures.Add(measure);
        if (!_all.TryGetValue((measure, contender.Name), out List<double>? values))
            _all.Add((measure, contender.Name), values = []);
        values.Add(value);
    }

    /// <summary>All rounds; empty where it was not measured.</summary>
    public IReadOnlyList<double> Of(string measure, Contender contender) => _all.GetValueOrDefault((measure, contender.Name)) ?? [];

    /// <summary>The middle of the rounds; null where it was not measured.</summary>
    public double? Median(string measure, Contender contender)
    {
        double[] sorted = [.. Of(measure, contender).Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

using System.Text.RegularExpressions;

namespace Adit.Bench.Flood;

/// <summary>Counts what a gateway's log says of connections that ended or were refused: with which words, and how often.</summary>
internal sealed partial class GatewayReasons
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>The reasons, the most frequent first.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Counts
    {
        get
        {
            lock (_sync)
                return [.. _counts.OrderByDescending(static pair => pair.Value)];
        }
    }

    public void Read(string line)
    {
        if (line.StartsWith("Accepted ", StringComparison.Ordinal))
            return;
        Match match = Line().Match(line);
        string reason = match.Success ? $"{match.Groups["what"].Value}: {match.Groups["why"].Value}" : line;

        // What differs from one to the next says nothing here.
        reason = Quoted().Replace(Number().Replace(reason, "N"), "\"...\"");
        lock (_sync)
            _counts[reason] = _counts.GetValueOrDefault(reason) + 1;
    }

    [GeneratedRegex(@"^(?<what>Disconnected|Refused connection|Refused|Closed)\b.* \(connection \d+\): (?<why>.*?)(?:[;,] \d+ bytes out.*)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex(@"\d+", RegexOptions.None, 1000)]
    private static partial Regex Number();

    [GeneratedRegex(@"""[^""]*""", RegexOptions.None, 1000)]
    private static partial Regex Quoted();
}

using System.Collections.Immutable;
using Adit.OpenSsh;

namespace Adit.Cli.Doctor;

/// <summary>One line of ssh_config, and the Host and Match lines that it stands under.</summary>
/// <param name="Line">The line.</param>
/// <param name="Conditions">The Host or Match of its file, and those around the Includes that led there.</param>
internal sealed record ClientSetting(ConfigLine Line, ImmutableArray<ConfigLine> Conditions)
{
    private const string Sample = "adit-doctor";

    /// <summary>The nearest Host or Match, as it was written; empty for a line that stands above them.</summary>
    public string Scope => Conditions is [.., var nearest] ? $"{nearest.Keyword} {string.Join(' ', nearest.Arguments)}" : "";

    /// <summary>Whether it depends on more than the name of the host.</summary>
    public bool IsConditional => Conditions.Any(static line => !IsHost(line) && !IsAlways(line));

    /// <summary>Whether it applies to every host.</summary>
    public bool IsForAll => Conditions.All(IsAlways);

    /// <summary>Whether it has the keyword.</summary>
    public bool Is(string keyword) => Line.Keyword.Equals(keyword, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it applies to a host as far as names decide.</summary>
    public bool AppliesTo(string host) => Conditions.All(line => !IsHost(line) || PatternList.FitsAny(host, line.Arguments));

    /// <summary>Names of hosts that it applies to, one for each pattern, beside the pattern.</summary>
    public IEnumerable<(string Pattern, string Host)> Samples() =>
        (Conditions.LastOrDefault(IsHost)?.Arguments ?? ["*"])
            .Where(static pattern => !pattern.StartsWith('!'))
            .Select(static pattern => (pattern, pattern.Replace("*", Sample, StringComparison.Ordinal).Replace('?', 'x')))
            .Where(sample => AppliesTo(sample.Item2));

    private static bool IsHost(ConfigLine line) => line.Keyword.Equals("Host", StringComparison.OrdinalIgnoreCase);

    private static bool IsAlways(ConfigLine line) => !IsHost(line) && line.Arguments is [var all] && all.Equals("all", StringComparison.OrdinalIgnoreCase);
}

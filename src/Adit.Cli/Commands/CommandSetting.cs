using System.Globalization;
using System.Text.RegularExpressions;

namespace Adit.Cli.Commands;

/// <summary>How a command learns where its tunnel is: variables of the environment, and words in its arguments.</summary>
internal static partial class CommandSetting
{
    /// <summary>The variables; a null value takes one away, since with it a client would go past the tunnel.</summary>
    public static IReadOnlyDictionary<string, string?> Environment(IReadOnlyList<LocalEnd> ends)
    {
        var variables = new Dictionary<string, string?>(StringComparer.Ordinal);
        for (int i = 0; i < ends.Count; i++)
        {
            variables[string.Create(CultureInfo.InvariantCulture, $"ADIT_PORT_{i + 1}")] = Number(ends[i].Port);
            foreach ((string name, string? value) in Of(ends[i]))
                variables.TryAdd(name, value);
        }

        if (ends is [var first, ..])
        {
            variables["ADIT_HOST"] = first.Host;
            variables["ADIT_PORT"] = Number(first.Port);
        }

        return variables;
    }

    /// <summary>An argument with <c>{host}</c>, <c>{port}</c> and <c>{port1}</c>, <c>{port2}</c>, … replaced.</summary>
    /// <exception cref="UsageException">It names a forward that there is not.</exception>
    public static string Replace(string argument, IReadOnlyList<LocalEnd> ends) => Word().Replace(argument, match =>
    {
        string digits = match.Groups["number"].Value;
        int number = digits.Length == 0 ? 1 : int.Parse(digits, CultureInfo.InvariantCulture);
        if (number < 1 || number > ends.Count)
            throw new UsageException($"{match.Value} stands for forward {number}, and there {(ends.Count == 1 ? "is one" : $"are {ends.Count}")}");
        return match.ValueSpan.StartsWith("{host", StringComparison.Ordinal) ? ends[number - 1].Host : Number(ends[number - 1].Port);
    });

    // libpq takes PGHOSTADDR for PGHOST, and what a service says for both.
    private static IEnumerable<KeyValuePair<string, string?>> Of(LocalEnd end) => end.Kind switch
    {
        ServiceKind.Postgres =>
        [
            new("PGHOST", end.Host), new("PGPORT", Number(end.Port)), new("PGHOSTADDR", null), new("PGSERVICE", null),
            .. end.IsProtectedBeyond ? (KeyValuePair<string, string?>[])[new("PGSSLMODE", "disable")] : [],
        ],
        ServiceKind.MySql => [new("MYSQL_HOST", end.Host), new("MYSQL_TCP_PORT", Number(end.Port))],
        ServiceKind.Redis => [new("REDIS_URL", $"redis://{end.Authority}")],
        _ => [],
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\{(host|port)(?<number>[0-9]{0,4})\}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}

using Adit.OpenSsh;

namespace Adit.Sessions;

/// <summary>The variables that a session is sent, ssh_config(5) SendEnv and SetEnv.</summary>
internal static class SessionEnvironment
{
    /// <summary>Those of this side's variables that fit one of the patterns, then those that are set, of which the first of a name counts.</summary>
    /// <param name="variables">The variables of this side.</param>
    /// <param name="sendPatterns">Patterns with <c>*</c> and <c>?</c>.</param>
    /// <param name="set">Names and values.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Select(
        IEnumerable<KeyValuePair<string, string>> variables, IReadOnlyList<string> sendPatterns, IReadOnlyList<KeyValuePair<string, string>> set) =>
    [
        .. variables.Where(variable => sendPatterns.Any(pattern => PatternList.Fits(variable.Key, pattern))),
        .. set.DistinctBy(static variable => variable.Key, StringComparer.Ordinal),
    ];

    /// <summary>The kind of terminal: as SetEnv says, else this side's TERM.</summary>
    public static string Term(IReadOnlyList<KeyValuePair<string, string>> set, Func<string, string?> variable)
    {
        string? chosen = set.FirstOrDefault(static variable => variable.Key is "TERM").Value;
        return string.IsNullOrEmpty(chosen) ? variable("TERM") ?? string.Empty : chosen;
    }
}

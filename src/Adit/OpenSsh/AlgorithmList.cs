using System.Collections.Immutable;

namespace Adit.OpenSsh;

/// <summary>
/// Lists of algorithms as ssh_config(5) has them: in front, + appends to the default, - removes from it and ^ puts first; names may hold
/// wildcards. Names that are not served fall out, since leaving an algorithm out never weakens a connection.
/// </summary>
internal static class AlgorithmList
{
    /// <summary>Makes the list.</summary>
    /// <param name="written">The value; null for the default.</param>
    /// <param name="keyword">Whose value it is.</param>
    /// <param name="served">All that there is, in the default order.</param>
    /// <param name="notes">Takes what fell out.</param>
    /// <exception cref="ConfigException">Nothing is left.</exception>
    internal static ImmutableArray<string> Resolve(Sourced<string>? written, string keyword, IReadOnlyList<string> served, List<string> notes)
    {
        if (written is not { Value: var text, Source: var source })
            return [.. served];
        char how = text[0] is '+' or '-' or '^' ? text[0] : '=';
        string[] names = (how == '=' ? text : text[1..]).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (how == '-')
        {
            ImmutableArray<string> rest = [.. served.Where(name => !names.Any(pattern => PatternList.Fits(name, pattern)))];
            return NotEmpty(rest, source, keyword, text);
        }
        List<string> chosen = [];
        foreach (string name in names)
        {
            string[] found = [.. served.Where(known => PatternList.Fits(known, name))];
            if (found.Length == 0)
                notes.Add($"{source}: {keyword}: {name} is not served and left out");
            chosen.AddRange(found);
        }
        IEnumerable<string> all = how switch
        {
            '+' => served.Concat(chosen),
            '^' => chosen.Concat(served),
            _ => chosen,
        };
        return NotEmpty([.. all.Distinct(StringComparer.Ordinal)], source, keyword, text, served);
    }

    private static ImmutableArray<string> NotEmpty(
        ImmutableArray<string> names, ConfigSource source, string keyword, string text, IReadOnlyList<string>? served = null) =>
        names.Length > 0
            ? names
            : throw new ConfigException(
                source,
                $"{keyword} \"{text}\" leaves no algorithm{(served is null ? "" : "; served are " + string.Join(',', served))}");
}

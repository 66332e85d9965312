namespace Adit.OpenSsh;

/// <summary>Lists of algorithms as ssh_config writes them: names, or <c>+</c>, <c>-</c>, <c>^</c> before what changes the default list; patterns.</summary>
internal static class AlgorithmList
{
    /// <summary>
    /// The list that a value asks for. Names that are not served are left out: people's files name algorithms of other programs, too.
    /// </summary>
    /// <exception cref="ConfigException">Nothing is left.</exception>
    public static string[] Read(ConfigLine line, IReadOnlyList<string> served)
    {
        string text = line.Single();
        char change = text[0] is '+' or '-' or '^' ? text[0] : '\0';
        string[] patterns = (change == '\0' ? text : text[1..]).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string[] named = [.. patterns.SelectMany(pattern => served.Where(name => HostPattern.Matches(pattern, name))).Distinct()];
        string[] list = change switch
        {
            '+' => [.. served],
            '-' => [.. served.Except(named)],
            '^' => [.. named, .. served.Except(named)],
            _ => named,
        };
        return list.Length > 0 ? list : throw line.Error($"none of \"{text}\" is served; known: {string.Join(", ", served)}");
    }
}

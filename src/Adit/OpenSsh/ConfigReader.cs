namespace Adit.OpenSsh;

/// <summary>
/// Reads lines and files for one destination: finds out which lines apply (Host, Match), and hands each line to its keyword. Lines that do
/// not apply are checked all the same.
/// </summary>
internal sealed class ConfigReader(string alias, LocalUser local, HostSettings settings) : ConfigFileReader<ConfigReader.Scope>
{
    private readonly List<string> _notes = [];
    private bool _wantsFinal;
    private string? _finalHost;

    /// <summary>What the user may want to know.</summary>
    internal IEnumerable<string> Notes => _notes.Distinct(StringComparer.Ordinal);

    /// <summary>Whether a Match final asks for reading all once more.</summary>
    internal bool WantsFinal => _wantsFinal;

    private string HostName =>
        _finalHost ?? (settings.HostName.Given is { } given ? Tokens.ExpandHostName(given.Value, alias, given.Source) : alias);

    /// <summary>From here on Match final applies, and Host means the name that is connected to.</summary>
    internal void BeginFinal(string hostName)
    {
        _finalHost = hostName;
        settings.HostName.Offer(hostName.Replace("%", "%%", StringComparison.Ordinal), ConfigSource.Default);
    }

    /// <summary>Options of the command.</summary>
    internal void ReadOptions(IEnumerable<ConfigLine> lines)
    {
        foreach (ConfigLine line in lines)
        {
            if (line.Keyword.ToUpperInvariant() is "HOST" or "MATCH" or "INCLUDE")
                throw new ConfigException(line.Source, $"{line.Keyword} belongs in a file");
            Apply(line, active: true);
        }
    }

    /// <summary>Reads a file if it is there.</summary>
    /// <returns>Whether it is.</returns>
    internal bool ReadFile(string path, string includeDirectory, bool checkOwner) =>
        Read(path, new(includeDirectory, checkOwner, CheckIncluded: true), new(Active: true, MayMatch: true));

    protected override Scope Take(ConfigLine line, Scope scope)
    {
        switch (line.Keyword.ToUpperInvariant())
        {
            case "HOST":
                return scope with { Active = PatternList.FitsAny(_finalHost ?? alias, line.Arguments) && scope.MayMatch };
            case "MATCH":
                return scope with { Active = scope.MayMatch && MatchCriteria.Fit(line, Subject(), ref _wantsFinal) };
            default:
                Apply(line, scope.Active);
                return scope;
        }
    }

    protected override Scope Included(Scope scope) => scope with { MayMatch = scope.MayMatch && scope.Active };

    protected override string IncludedPath(string argument, ConfigSource source) =>
        Tokens.ExpandTilde(Tokens.Variables(argument, local, source), local, source);

    private MatchSubject Subject() => new(HostName, alias, settings.User.Or(local.Name), local.Name, _finalHost is not null);

    private void Apply(ConfigLine line, bool active)
    {
        if (Keywords.Find(line.Keyword) is { } keyword)
        {
            Action<HostSettings> remember = keyword.Read(line);
            if (active)
                remember(settings);
        }
        else if (!PatternList.FitsAny(line.Keyword.ToLowerInvariant(), IgnoredPatterns()))
        {
            throw Spelling.UnknownKeyword(line, Keywords.Names);
        }
        else if (active)
        {
            _notes.Add($"{line.Source}: {line.Keyword} is ignored, as IgnoreUnknown asks");
        }
    }

    private IEnumerable<string> IgnoredPatterns() => settings.IgnoreUnknown.Or([]).Select(pattern => pattern.ToLowerInvariant());

    /// <param name="Active">Whether lines apply.</param>
    /// <param name="MayMatch">Whether a Host or Match in this file can make them apply.</param>
    internal readonly record struct Scope(bool Active, bool MayMatch);
}

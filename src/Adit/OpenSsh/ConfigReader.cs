namespace Adit.OpenSsh;

/// <summary>
/// Reads lines and files for one destination: finds out which lines apply (Host, Match), and hands each line to its keyword. Lines that do
/// not apply are checked all the same.
/// </summary>
internal sealed class ConfigReader(HostQuery query, LocalUser local, HostSettings settings) : ConfigFileReader<ConfigReader.Scope>
{
    private readonly List<string> _notes = [];
    private bool _wantsFinal;
    private string? _finalHost;

    /// <summary>What the user may want to know.</summary>
    internal IEnumerable<string> Notes => _notes.Distinct(StringComparer.Ordinal);

    /// <summary>Whether a Match final asks for reading all once more.</summary>
    internal bool WantsFinal => _wantsFinal;

    private string HostName =>
        _finalHost ?? (settings.HostName.Given is { } given ? OpenSsh.Tokens.ExpandHostName(given.Value, query.Alias, given.Source) : query.Alias);

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
                return scope with { Active = PatternList.FitsAny(_finalHost ?? query.Alias, line.Arguments) && scope.MayMatch };
            case "MATCH":
                return scope with { Active = MatchCriteria.Fit(line, Subject(), scope.MayMatch, ref _wantsFinal) };
            default:
                Apply(line, scope.Active);
                return scope;
        }
    }

    protected override Scope Included(Scope scope) => scope with { MayMatch = scope.MayMatch && scope.Active };

    protected override string IncludedPath(string argument, ConfigSource source) => Tokens().ExpandPath(argument, source);

    private MatchSubject Subject() => new(HostName, query.Alias, settings.User.Or(local.Name), local, _finalHost is not null)
    {
        Tag = settings.Tag.Or(""),
        Command = query.Command,
        SessionType = settings.SessionType.Or(SessionType.Default) switch
        {
            SessionType.None => "none",
            SessionType.Subsystem => "subsystem",
            _ => query.Command.Length > 0 ? "exec" : "shell",
        },
        Tokens = Tokens,
    };

    /// <summary>What is known by now; ssh's %k is the host here where no alias is known yet.</summary>
    private Tokens Tokens() => new(local, query.Alias, HostName, settings.Port.Or(22), settings.User.Or(local.Name), settings.HostKeyAlias.Or(HostName))
    {
        JumpHost = settings.ProxyJump.Or([]) is [.., var last] ? last.Host : "",
    };

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
            throw line.Unknown(Keywords.Names);
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

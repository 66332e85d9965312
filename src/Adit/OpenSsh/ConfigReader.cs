namespace Adit.OpenSsh;

/// <summary>
/// Reads lines and files for one destination: finds out which lines apply (Host, Match), follows Include, and hands each line to its
/// keyword. Lines that do not apply are checked all the same.
/// </summary>
internal sealed class ConfigReader(string alias, LocalUser local, HostSettings settings)
{
    private const int MaxDepth = 16;
    private const int MaxFiles = 1024;

    private readonly List<string> _files = [];
    private readonly List<string> _notes = [];
    private bool _wantsFinal;
    private string? _finalHost;

    /// <summary>Files that were read.</summary>
    internal IEnumerable<string> Files => _files.Distinct(StringComparer.Ordinal);

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
        Read(path, new(includeDirectory, checkOwner, Depth: 0, MayMatch: true), active: true);

    private bool Read(string path, in FileContext context, bool active)
    {
        if (_files.Count >= MaxFiles)
            throw new ConfigException($"{path}: more than 1024 files are included");
        if (ConfigFile.Read(path, context.CheckOwner) is not { } text)
            return false;
        _files.Add(path);
        int number = 0;
        foreach (ReadOnlySpan<char> bytes in text.AsSpan().EnumerateLines())
        {
            if (ConfigLine.Parse(bytes.ToString(), new(path, ++number)) is not { } line)
                continue;
            switch (line.Keyword.ToUpperInvariant())
            {
                case "HOST":
                    active = PatternList.FitsAny(_finalHost ?? alias, line.Arguments) && context.MayMatch;
                    break;
                case "MATCH":
                    active = context.MayMatch && MatchCriteria.Fit(line, Subject(), ref _wantsFinal);
                    break;
                case "INCLUDE":
                    Include(line, context, active);
                    break;
                default:
                    Apply(line, active);
                    break;
            }
        }
        return true;
    }

    private MatchSubject Subject() => new(HostName, alias, settings.User.Or(local.Name), local.Name, _finalHost is not null);

    private void Include(ConfigLine line, in FileContext context, bool active)
    {
        if (context.Depth == MaxDepth)
            throw new ConfigException(line.Source, "Include goes deeper than 16 files");
        foreach (string argument in line.Arguments)
        {
            string path = Tokens.ExpandTilde(Tokens.Variables(argument, local, line.Source), local, line.Source);
            if (path.Length == 0)
                throw new ConfigException(line.Source, "Include of an empty name");
            var inner = context with { Depth = context.Depth + 1, MayMatch = context.MayMatch && active, CheckOwner = true };
            foreach (string file in IncludePattern.Files(Path.GetFullPath(path, context.IncludeDirectory), line.Source))
                Read(file, inner, active);
        }
    }

    private void Apply(ConfigLine line, bool active)
    {
        if (Keywords.Find(line.Keyword) is { } keyword)
            keyword.Apply(line, active ? settings : null);
        else if (!PatternList.FitsAny(line.Keyword.ToLowerInvariant(), IgnoredPatterns()))
            throw Unknown(line);
        else if (active)
            _notes.Add($"{line.Source}: {line.Keyword} is ignored, as IgnoreUnknown asks");
    }

    private IEnumerable<string> IgnoredPatterns() => settings.IgnoreUnknown.Or([]).Select(pattern => pattern.ToLowerInvariant());

    private static ConfigException Unknown(ConfigLine line) => new(
        line.Source,
        $"unknown keyword \"{line.Keyword}\""
            + (Spelling.Nearest(line.Keyword, Keywords.Names) is { } near ? $"; the nearest known one is {near}" : ""));

    private readonly record struct FileContext(string IncludeDirectory, bool CheckOwner, int Depth, bool MayMatch);
}

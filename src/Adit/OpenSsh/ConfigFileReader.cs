namespace Adit.OpenSsh;

/// <summary>Reads the lines of a configuration file and of those it includes, in their order.</summary>
/// <typeparam name="TScope">What is known of the part of a file that a line stands in. An included file cannot change that of the including one.</typeparam>
internal abstract class ConfigFileReader<TScope>
{
    private const int MaxDepth = 16;
    private const int MaxFiles = 1024;

    private readonly List<string> _files = [];

    /// <summary>Files that were read.</summary>
    internal IEnumerable<string> Files => _files.Distinct(StringComparer.Ordinal);

    /// <summary>Takes a line that is no Include.</summary>
    /// <returns>The scope of the lines below.</returns>
    /// <exception cref="ConfigException">It cannot be understood.</exception>
    protected abstract TScope Take(ConfigLine line, TScope scope);

    /// <summary>The scope that an included file begins with.</summary>
    protected abstract TScope Included(TScope scope);

    /// <summary>Replaces what stands for something else in the argument of an Include.</summary>
    /// <exception cref="ConfigException">It cannot be replaced.</exception>
    protected abstract string IncludedPath(string argument, ConfigSource source);

    /// <summary>Reads a file if it is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">How it is read.</param>
    /// <param name="scope">The scope of its first line.</param>
    /// <returns>Whether it is there.</returns>
    /// <exception cref="ConfigException">Something cannot be read or understood.</exception>
    protected bool Read(string path, in ConfigFileContext context, TScope scope)
    {
        if (Text(path, context) is not { } text)
            return false;
        _files.Add(path);
        int number = 0;

        // At LF alone, as ssh does: what other characters separate is part of a comment.
        foreach (Range range in text.AsSpan().Split('\n'))
        {
            if (ConfigLine.Parse(text[range], new(path, ++number)) is not { } line)
                continue;
            if (line.Keyword.Equals("Include", StringComparison.OrdinalIgnoreCase))
                Include(line, context, scope);
            else
                scope = Take(line, scope);
        }
        return true;
    }

    private string? Text(string path, in ConfigFileContext context)
    {
        try
        {
            return _files.Count < MaxFiles ? ConfigFile.Read(path, context.CheckOwner) : throw new ConfigException($"{path}: more than 1024 files are included");
        }
        catch (ConfigException e) when (context.IncludedAt is not null)
        {
            throw new ConfigException(context.IncludedAt.Value, $"Include: {e.Message}", e);
        }
    }

    private void Include(ConfigLine line, in ConfigFileContext context, TScope scope)
    {
        if (context.Depth == MaxDepth)
            throw new ConfigException(line.Source, "Include goes deeper than 16 files");
        foreach (string argument in line.Arguments)
        {
            string path = IncludedPath(argument, line.Source);
            if (path.Length == 0)
                throw new ConfigException(line.Source, "Include of an empty name");
            ConfigFileContext inner = context with { Depth = context.Depth + 1, CheckOwner = context.CheckIncluded, IncludedAt = line.Source };
            foreach (string file in IncludePattern.Files(Path.GetFullPath(path, context.IncludeDirectory), line.Source))
                Read(file, inner, Included(scope));
        }
    }
}

/// <summary>How a configuration file is read.</summary>
/// <param name="IncludeDirectory">Where the relative paths of Include begin.</param>
/// <param name="CheckOwner">Whether the file must belong to this user or root and be writable by nobody else.</param>
/// <param name="CheckIncluded">Whether included files must.</param>
/// <param name="Depth">How many files include it.</param>
/// <param name="IncludedAt">The Include that asks for it; null for none.</param>
internal readonly record struct ConfigFileContext(
    string IncludeDirectory, bool CheckOwner, bool CheckIncluded, int Depth = 0, ConfigSource? IncludedAt = null);

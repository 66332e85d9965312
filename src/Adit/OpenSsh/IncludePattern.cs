namespace Adit.OpenSsh;

/// <summary>The files that an Include names: a path whose parts may hold <c>*</c>, <c>?</c> and <c>[…]</c>, glob(7).</summary>
internal static class IncludePattern
{
    private const int MostFiles = 1024;

    /// <summary>The files, in the order of their names; none is no error.</summary>
    /// <param name="pattern">An absolute path.</param>
    /// <param name="source">Where it was written.</param>
    /// <exception cref="ConfigException">A directory cannot be read, or there are too many files.</exception>
    internal static IReadOnlyList<string> Files(string pattern, ConfigSource source)
    {
        List<string> found = ["/"];
        try
        {
            foreach (string part in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                found = part.AsSpan().ContainsAny("*?[")
                    ? [.. found.Where(Directory.Exists).SelectMany(directory => Within(directory, part)).Take(MostFiles + 1)]
                    : [.. found.Select(directory => Path.Join(directory, part))];
                if (found.Count > MostFiles)
                    throw new ConfigException(source, $"Include \"{pattern}\" names more than 1024 files");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(source, $"Include \"{pattern}\": {e.Message}", e);
        }
        return found;
    }

    /// <summary>Whether a name fits a part of a pattern.</summary>
    internal static bool Fits(ReadOnlySpan<char> name, ReadOnlySpan<char> pattern)
    {
        int n = 0, p = 0, star = -1, mark = 0;
        while (n < name.Length)
        {
            int next = p;
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = n;
            }
            else if (p < pattern.Length && FitsOne(name[n], pattern, ref next))
            {
                p = next;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++mark;
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].Trim('*').IsEmpty;
    }

    private static IEnumerable<string> Within(string directory, string part) =>
        Directory.EnumerateFileSystemEntries(directory)
            .Where(path => Path.GetFileName(path) is var name && (name[0] != '.' || part[0] == '.') && Fits(name, part))
            .Order(StringComparer.Ordinal);

    private static bool FitsOne(char c, ReadOnlySpan<char> pattern, ref int at)
    {
        int close = pattern[at] == '[' && at + 2 < pattern.Length ? pattern[(at + 2)..].IndexOf(']') : -1;
        if (close < 0)
            return pattern[at++] is var literal && (literal == '?' || literal == c);
        ReadOnlySpan<char> set = pattern.Slice(at + 1, close + 1);
        at += close + 3;
        bool negated = set[0] is '!' or '^' && set.Length > 1;
        if (negated)
            set = set[1..];
        bool inside = false;
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                inside |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
            {
                inside |= c == set[i];
            }
        }
        return inside != negated;
    }
}

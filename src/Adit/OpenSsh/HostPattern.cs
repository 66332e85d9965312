namespace Adit.OpenSsh;

/// <summary>Patterns of ssh_config and known_hosts: <c>*</c> and <c>?</c>, comma or space lists, <c>!</c> for exceptions (ssh_config(5), PATTERNS).</summary>
internal static class HostPattern
{
    /// <summary>Whether one pattern, without <c>!</c>, matches the whole text.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0;
        int t = 0;
        int star = -1;
        int afterStar = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                afterStar = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++afterStar;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].TrimStart('*').IsEmpty;
    }

    /// <summary>Whether a list matches: one pattern does, and no exception.</summary>
    public static bool MatchesList(IEnumerable<string> patterns, string text)
    {
        bool matched = false;
        foreach (string pattern in patterns)
        {
            bool exception = pattern.StartsWith('!');
            if (!Matches(exception ? pattern.AsSpan(1) : pattern, text))
                continue;
            if (exception)
                return false;
            matched = true;
        }

        return matched;
    }
}

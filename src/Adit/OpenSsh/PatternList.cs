namespace Adit.OpenSsh;

/// <summary>Patterns of ssh_config(5): <c>*</c> and <c>?</c>, negated by <c>!</c>.</summary>
internal static class PatternList
{
    /// <summary>Whether a pattern fits the whole of a text. Takes time in proportion to the product of their lengths at most.</summary>
    internal static bool Fits(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern)
    {
        int t = 0, p = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    /// <summary>Whether one of the patterns fits and no negated one does.</summary>
    internal static bool FitsAny(string text, IEnumerable<string> patterns)
    {
        bool fits = false;
        foreach (string pattern in patterns)
        {
            bool negated = pattern.StartsWith('!');
            if (!Fits(text, negated ? pattern.AsSpan(1) : pattern))
                continue;
            if (negated)
                return false;
            fits = true;
        }
        return fits;
    }

    /// <summary>As <see cref="FitsAny"/>, over the parts of a comma list.</summary>
    internal static bool FitsList(string text, string list) =>
        FitsAny(text, list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}

namespace Adit.Wording;

/// <summary>Finds what somebody probably meant.</summary>
internal static class Spelling
{
    private const int MostLetters = 64;

    /// <summary>The known word that is nearest to a mistyped one; null where none is near.</summary>
    internal static string? Nearest(string word, IEnumerable<string> known)
    {
        if (word.Length > MostLetters)
            return null;
        (string Word, int Distance)? best = null;
        foreach (string candidate in known)
        {
            int distance = Distance(word, candidate);
            if (best is null || distance < best.Value.Distance)
                best = (candidate, distance);
        }
        return best is { } found && found.Distance <= Math.Max(1, Math.Min(4, word.Length / 2)) ? found.Word : null;
    }

    /// <summary>Letters to insert, remove or replace (Levenshtein); case does not count.</summary>
    internal static int Distance(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            row[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                int next = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
                diagonal = row[j];
                row[j] = next;
            }
        }
        return row[b.Length];
    }
}

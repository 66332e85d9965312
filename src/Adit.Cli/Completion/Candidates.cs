using System.Globalization;

namespace Adit.Cli.Completion;

/// <summary>What may stand in the place of a word that is being typed. A word that ends in <c>= : , @</c> or <c>/</c> goes on behind that.</summary>
internal sealed record Candidates
{
    /// <summary>Nothing is known.</summary>
    public static readonly Candidates None = new();

    /// <summary>Whatever file the shell finds.</summary>
    public static readonly Candidates Files = new() { FilesFrom = 0 };

    /// <summary>Whatever program the shell finds.</summary>
    public static readonly Candidates Programs = new() { IsProgram = true };

    private const int MaxWords = 500;
    private const string FilesMark = ":files";
    private const string ProgramsMark = ":programs";

    /// <summary>The words, 500 at most.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Where in the word the name of a file begins; null where it is none.</summary>
    public int? FilesFrom { get; init; }

    /// <summary>Whether it is the name of a program.</summary>
    public bool IsProgram { get; init; }

    /// <summary>Those of some words that go on from what is typed.</summary>
    public static Candidates Of(string typed, IEnumerable<string> words, StringComparison comparison = StringComparison.Ordinal) =>
        new() { Words = [.. words.Where(word => word.StartsWith(typed, comparison)).Take(MaxWords)] };

    /// <summary>Those of the last element of a list with commas.</summary>
    public static Candidates InList(string typed, Func<string, Candidates> element) => Past(typed, typed.LastIndexOf(',') + 1, element);

    /// <summary>Those of the part of a word that begins at a position.</summary>
    public static Candidates Past(string typed, int at, Func<string, Candidates> rest)
    {
        Candidates found = rest(typed[at..]);
        return found with { Words = [.. found.Words.Select(word => typed[..at] + word)], FilesFrom = found.FilesFrom + at };
    }

    /// <summary>These and others.</summary>
    public Candidates And(Candidates other) => this with { Words = [.. Words.Concat(other.Words).Take(MaxWords)] };

    /// <summary>What the scripts of the shells read, one a line. Words that a line or a shell would break are left out.</summary>
    public IEnumerable<string> Lines()
    {
        foreach (string word in Words.Distinct(StringComparer.Ordinal))
        {
            if (word is [not ':', ..] && !word.Any(static c => char.IsControl(c) || char.IsWhiteSpace(c)))
                yield return word;
        }

        if (FilesFrom is { } at)
            yield return string.Create(CultureInfo.InvariantCulture, $"{FilesMark} {at}");
        if (IsProgram)
            yield return ProgramsMark;
    }
}

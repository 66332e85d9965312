using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>One criterion of a Match line.</summary>
/// <param name="Name">In lower case.</param>
/// <param name="Argument">Its argument; null for a criterion that takes none.</param>
/// <param name="IsNegated">Whether there is a <c>!</c> in front.</param>
internal readonly record struct Criterion(string Name, string? Argument, bool IsNegated)
{
    /// <summary>Takes a Match line apart: <c>name argument</c> and <c>name=argument</c>.</summary>
    /// <param name="line">The Match line.</param>
    /// <param name="known">The names that there are, in lower case.</param>
    /// <param name="withoutArgument">Those of them that take no argument.</param>
    /// <param name="mayBeEmpty">Those of them whose argument may be empty.</param>
    /// <exception cref="ConfigException">A criterion is unknown, or its argument is missing.</exception>
    internal static IEnumerable<Criterion> In(ConfigLine line, string[] known, string[] withoutArgument, string[]? mayBeEmpty = null)
    {
        IReadOnlyList<string> words = line.Arguments;
        for (int i = 0; i < words.Count; i++)
        {
            bool negated = words[i].StartsWith('!');
            string word = negated ? words[i][1..] : words[i];
            string? argument = null;
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                (word, argument) = (word[..equals], word[(equals + 1)..]);
            string name = word.ToLowerInvariant();
            if (!known.Contains(name))
                throw Unknown(line, word, known);
            if (!withoutArgument.Contains(name))
            {
                argument = argument is { Length: > 0 } ? argument : i + 1 < words.Count ? words[++i] : null;
                if (argument is null || (argument.Length == 0 && mayBeEmpty?.Contains(name) is not true))
                    throw new ConfigException(line.Source, $"Match {name} needs an argument");
            }
            yield return new(name, argument, negated);
        }
    }

    private static ConfigException Unknown(ConfigLine line, string word, string[] known) => new(
        line.Source,
        $"unknown criterion \"{word}\" in Match" + (Spelling.Nearest(word, known) is { } near ? $"; the nearest known one is {near}" : ""));
}

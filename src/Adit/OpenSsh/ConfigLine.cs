using System.Text;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>One line of configuration, taken apart: a keyword and its arguments, ssh_config(5).</summary>
/// <param name="Keyword">As it was written; keywords know no case.</param>
/// <param name="Arguments">Without quotes and comment.</param>
/// <param name="Source">Where it stands.</param>
internal sealed record ConfigLine(string Keyword, IReadOnlyList<string> Arguments, ConfigSource Source)
{
    /// <summary>Most characters of one line.</summary>
    internal const int MaxLength = 64 * 1024;

    /// <summary>All that stands behind the keyword as it was written, quotes and comment included: what a command is.</summary>
    internal string Rest { get; init; } = "";

    /// <summary>What an option of the command says, its argument taken as it is.</summary>
    /// <param name="option">The option, such as <c>-p</c>.</param>
    /// <param name="keyword">The keyword that means the same.</param>
    /// <param name="argument">The value.</param>
    internal static ConfigLine Option(string option, string keyword, string argument) => new(keyword, [argument], new(option, 0)) { Rest = argument };

    /// <summary>Takes a line apart; null for an empty line or a comment.</summary>
    /// <exception cref="ConfigException">The line is too long, a quote is not closed, or there is no argument.</exception>
    internal static ConfigLine? Parse(string text, ConfigSource source)
    {
        if (text.Length > MaxLength)
            throw new ConfigException(source, "the line is longer than 64 KiB");
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new ConfigException(source, "the line holds a NUL character; this is not a text file");
        ReadOnlySpan<char> line = text.AsSpan().Trim(" \t\r\n\f");
        if (line.IsEmpty || line[0] == '#')
            return null;
        ReadOnlySpan<char> rest;
        string keyword;
        if (line[0] == '"')
        {
            int close = line[1..].IndexOf('"');
            if (close < 0)
                throw new ConfigException(source, "a quote is not closed");
            keyword = line.Slice(1, close).ToString();
            rest = line[(close + 2)..];
        }
        else
        {
            int end = line.IndexOfAny(" \t=");
            keyword = (end < 0 ? line : line[..end]).ToString();
            rest = end < 0 ? default : line[end..];
        }
        rest = rest.TrimStart(" \t");
        if (rest is ['=', ..])
            rest = rest[1..].TrimStart(" \t");
        List<string> arguments = Split(rest, source);
        return arguments.Count > 0
            ? new(keyword, arguments, source) { Rest = rest.ToString() }
            : throw new ConfigException(source, $"no argument after the keyword \"{keyword}\"");
    }

    /// <summary>The error that a line with an unknown keyword is.</summary>
    internal ConfigException Unknown(IEnumerable<string> known) =>
        new(Source, $"unknown keyword \"{Keyword}\"" + (Spelling.Nearest(Keyword, known) is { } near ? $"; the nearest known one is {near}" : ""));

    /// <summary>Words between blanks, with both kinds of quotes; a backslash escapes quotes, itself and, outside quotes, a blank.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">Where it was written.</param>
    /// <param name="hasComment">Whether a word that begins with # ends it.</param>
    /// <exception cref="ConfigException">A quote is not closed.</exception>
    internal static List<string> Split(ReadOnlySpan<char> text, ConfigSource source, bool hasComment = true)
    {
        List<string> words = [];
        var word = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is ' ' or '\t')
                continue;
            if (text[i] == '#' && hasComment)
                break;
            char quote = '\0';
            word.Clear();
            for (; i < text.Length && (quote != '\0' || text[i] is not (' ' or '\t')); i++)
            {
                char c = text[i];
                char next = i + 1 < text.Length ? text[i + 1] : '\0';
                if (c == '\\' && (next is '\'' or '"' or '\\' || (next == ' ' && quote == '\0')))
                    word.Append(text[++i]);
                else if (quote == '\0' && c is '"' or '\'')
                    quote = c;
                else if (quote != '\0' && c == quote)
                    quote = '\0';
                else
                    word.Append(c);
            }
            if (quote != '\0')
                throw new ConfigException(source, "a quote is not closed");
            words.Add(word.ToString());
        }
        return words;
    }
}

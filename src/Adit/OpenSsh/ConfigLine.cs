using System.Globalization;
using System.Text;

namespace Adit.OpenSsh;

/// <summary>A line of ssh_config: a keyword and its arguments, unquoted.</summary>
internal sealed record ConfigLine(string Keyword, IReadOnlyList<string> Arguments, string Place)
{
    /// <summary>Reads a line: keyword, white space or one <c>=</c>, arguments; quotes; a comment behind <c>#</c>. Null when it is empty.</summary>
    /// <exception cref="ConfigException">A quote is not closed.</exception>
    public static ConfigLine? Parse(string text, string place)
    {
        ReadOnlySpan<char> line = text.AsSpan().Trim(" \t\r\f");
        if (line.IsEmpty || line[0] == '#')
            return null;
        int end = line.IndexOfAny(" \t=");
        string keyword = (end < 0 ? line : line[..end]).ToString();
        ReadOnlySpan<char> rest = end < 0 ? [] : line[end..].TrimStart(" \t");
        if (!rest.IsEmpty && rest[0] == '=')
            rest = rest[1..];
        return new(keyword, Split(rest, place), place);
    }

    public string Single()
    {
        if (Arguments.Count == 1 && Arguments[0].Length > 0)
            return Arguments[0];
        throw Error(Arguments.Count == 0 || Arguments[0].Length == 0 ? "a value is missing" : $"one value is expected, and there are {Arguments.Count}");
    }

    public bool YesNo() => Single().ToLowerInvariant() switch
    {
        "yes" or "true" => true,
        "no" or "false" => false,
        _ => throw Error($"expected yes or no, not \"{Single()}\""),
    };

    public int Number(int min, int max) =>
        int.TryParse(Single(), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max
            ? number
            : throw Error($"expected a number from {min} to {max}, not \"{Single()}\"");

    public T Choice<T>(params (string Word, T Value)[] choices)
    {
        string word = Single();
        foreach ((string name, T value) in choices)
        {
            if (name.Equals(word, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        throw Error($"expected {string.Join(", ", choices.Select(static choice => choice.Word))}, not \"{word}\"");
    }

    /// <summary>A duration as in sshd_config(5), TIME FORMATS: seconds, or numbers with s, m, h, d, w; <c>none</c> for zero.</summary>
    public TimeSpan Time()
    {
        string text = Single();
        if (text == "none")
            return TimeSpan.Zero;
        long seconds = 0;
        long number = -1;
        foreach (char c in text.ToLowerInvariant())
        {
            if (char.IsAsciiDigit(c))
            {
                number = (Math.Max(number, 0) * 10) + (c - '0');
            }
            else
            {
                long unit = c switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, 'w' => 604800, _ => 0 };
                if (unit == 0 || number < 0)
                    throw Error($"expected a time such as 30 or 1m30s, not \"{text}\"");
                seconds += number * unit;
                number = -1;
            }

            if (number > int.MaxValue || seconds > int.MaxValue)
                throw Error($"the time \"{text}\" is too long");
        }

        return TimeSpan.FromSeconds(seconds + Math.Max(number, 0));
    }

    public ConfigException Error(string message) => new(Place, $"{Keyword}: {message}");

    private static List<string> Split(ReadOnlySpan<char> rest, string place)
    {
        var arguments = new List<string>();
        var argument = new StringBuilder();
        bool started = false;
        char quote = '\0';
        for (int i = 0; i < rest.Length; i++)
        {
            char c = rest[i];
            if (c == '\\' && i + 1 < rest.Length && (rest[i + 1] is '"' or '\'' or '\\' || (quote == '\0' && rest[i + 1] == ' ')))
            {
                argument.Append(rest[++i]);
                started = true;
            }
            else if (quote != '\0' && c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                quote = c;
                started = true;
            }
            else if (quote == '\0' && c is ' ' or '\t')
            {
                Finish();
            }
            else if (quote == '\0' && c == '#' && !started)
            {
                break;
            }
            else
            {
                argument.Append(c);
                started = true;
            }
        }

        if (quote != '\0')
            throw new ConfigException(place, "a quote is not closed");
        Finish();
        return arguments;

        void Finish()
        {
            if (!started)
                return;
            arguments.Add(argument.ToString());
            argument.Clear();
            started = false;
        }
    }
}

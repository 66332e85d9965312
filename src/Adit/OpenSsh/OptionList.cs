using System.Text;

namespace Adit.OpenSsh;

/// <summary>The options in front of a key in authorized_keys: names with commas between them, some with a quoted value.</summary>
internal static class OptionList
{
    /// <summary>Takes the options off the beginning of a line, up to the first blank outside of quotes.</summary>
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static (List<(string Name, string? Value)> Options, string Behind) Split(string line)
    {
        var options = new List<(string, string?)>();
        int i = 0;
        while (i < line.Length && line[i] is not (' ' or '\t'))
        {
            int start = i;
            while (i < line.Length && line[i] is not (' ' or '\t' or ',' or '='))
                i++;
            string name = line[start..i];
            string? value = null;
            if (i < line.Length && line[i] == '=')
                value = Value(line, ref i);
            if (name.Length == 0)
                throw new FormatException("an option has no name");
            options.Add((name, value));
            if (i < line.Length && line[i] == ',')
                i++;
        }

        return (options, line[i..].TrimStart(' ', '\t'));
    }

    private static string Value(string line, ref int i)
    {
        if (++i >= line.Length || line[i] != '"')
            throw new FormatException("the value of an option stands in quotes");
        var value = new StringBuilder();
        for (i++; i < line.Length && line[i] != '"'; i++)
        {
            if (line[i] == '\\' && i + 1 < line.Length && line[i + 1] == '"')
                i++;
            value.Append(line[i]);
        }

        if (i++ >= line.Length)
            throw new FormatException("a quote is not closed");
        return i >= line.Length || line[i] is ' ' or '\t' or ',' ? value.ToString() : throw new FormatException("something follows a value without a comma");
    }
}

using System.Globalization;
using System.Text;

namespace Adit.OpenSsh;

/// <summary>AuthorizedPrincipalsFile of sshd_config(5): lines of a principal, with options in front where there are some. Immutable.</summary>
internal sealed class PrincipalsFile
{
    private const int MaxLines = 10_000;

    private readonly List<(string Principal, KeyOptions Options)> _lines;

    private PrincipalsFile(List<(string, KeyOptions)> lines) => _lines = lines;

    /// <summary>Reads the text of a file. Lines that cannot be understood are passed over, and told of.</summary>
    public static PrincipalsFile Parse(ReadOnlySpan<byte> text, string path, Action<string> warn)
    {
        var lines = new List<(string, KeyOptions)>();
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}:{++number}");
            string line = Encoding.UTF8.GetString(text[range]).Split('#')[0].Trim(' ', '\t', '\r');
            if (line.Length == 0)
                continue;
            if (number > MaxLines)
            {
                warn($"{place}: the file has more than {MaxLines} lines; the rest is passed over");
                break;
            }

            try
            {
                lines.Add(ParseLine(line));
            }
            catch (FormatException e)
            {
                warn($"{place}: {e.Message}; the line is passed over");
            }
        }

        return new(lines);
    }

    /// <summary>The first line with one of the principals; null when there is none.</summary>
    public (string Principal, KeyOptions Options)? Find(IReadOnlyList<string> principals)
    {
        foreach ((string Principal, KeyOptions Options) line in _lines)
        {
            if (principals.Contains(line.Principal))
                return line;
        }

        return null;
    }

    private static (string, KeyOptions) ParseLine(string line)
    {
        int blank = line.LastIndexOfAny([' ', '\t']);
        return blank < 0
            ? (line, KeyOptions.None)
            : (line[(blank + 1)..], KeyOptions.Parse(OptionList.Split(line[..blank]).Options));
    }
}

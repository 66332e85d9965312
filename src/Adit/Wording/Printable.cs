using System.Globalization;
using System.Text;

namespace Adit.Wording;

/// <summary>Texts of a peer, made harmless for a terminal and a log.</summary>
internal static class Printable
{
    /// <summary>The text with every control and format character written as <c>\xNN</c> or <c>\uNNNN</c>; line ends and tabs stay when asked for.</summary>
    public static string Text(string text, bool keepLines = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var printable = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            bool kept = keepLines && c is '\n' or '\t';
            if (kept || !(char.IsControl(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))
                printable.Append(c);
            else if (!(keepLines && c == '\r'))
                printable.Append(CultureInfo.InvariantCulture, $"\\{(c < 256 ? 'x' : 'u')}").Append(((int)c).ToString(c < 256 ? "x2" : "x4", CultureInfo.InvariantCulture));
        }

        return printable.ToString();
    }
}

using System.Globalization;

namespace Adit.Ssh.Wire;

/// <summary>Text that a file, an agent or a peer chose, as it may stand in a message to people.</summary>
internal static class PeerText
{
    private const int MaxShown = 100;

    /// <summary>
    /// The text without what could steer a terminal or reverse its reading direction, and cut to a length that leaves the rest of the
    /// message in sight.
    /// </summary>
    public static string Printable(string text)
    {
        string shown = text.Length > MaxShown ? text[..MaxShown] + "..." : text;
        return string.Concat(shown.Select(static c => IsShown(c) ? c : '?'));
    }

    private static bool IsShown(char c) => char.GetUnicodeCategory(c) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}

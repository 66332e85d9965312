using System.Globalization;

namespace Adit.Gateway.Configuration;

/// <summary>The ports of a rule: one, a range such as <c>5432-5439</c>, or <c>*</c> for all.</summary>
internal readonly record struct PortRange(int First, int Last)
{
    public static PortRange All { get; } = new(0, ushort.MaxValue);

    /// <exception cref="FormatException">The text is none.</exception>
    public static PortRange Parse(ReadOnlySpan<char> text)
    {
        if (text is "*")
            return All;
        int dash = text.IndexOf('-');
        bool valid = TryRead(dash < 0 ? text : text[..dash], out int first);
        int last = first;
        valid &= dash < 0 || TryRead(text[(dash + 1)..], out last);
        return valid && first <= last
            ? new(first, last)
            : throw new FormatException($"\"{text}\" is no port: write a number from 1 to 65535, a range as in 5432-5439, or *");
    }

    public bool Contains(int port) => port >= First && port <= Last;

    private static bool TryRead(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;
}

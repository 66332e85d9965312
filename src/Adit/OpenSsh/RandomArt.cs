using System.Globalization;
using System.Text;

namespace Adit.OpenSsh;

/// <summary>
/// A picture of a digest that people can tell from another one at a glance, the same as ssh's (VisualHostKey): a walker starts in the middle
/// of a room and goes one field diagonally for every two bits, along a wall where there is one; fields show how often it came by.
/// </summary>
internal static class RandomArt
{
    private const int Width = 17;
    private const int Height = 9;
    private const int LongestTitle = Width;
    private const string Visits = " .o+=*BOX@%&#/^";
    private const char Start = 'S';
    private const char End = 'E';

    /// <summary>Draws it.</summary>
    /// <param name="digest">The digest.</param>
    /// <param name="type">The key's type for the upper edge, as in <c>ED25519</c>.</param>
    /// <param name="bits">The key's size, for the upper edge where it has the room.</param>
    /// <param name="hash">The digest's name for the lower edge.</param>
    public static string Draw(ReadOnlySpan<byte> digest, string type, int bits, string hash)
    {
        Span<int> visits = stackalloc int[Width * Height];
        visits.Clear();
        int x = Width / 2;
        int y = Height / 2;
        foreach (byte b in digest)
        {
            for (int shift = 0; shift < 8; shift += 2)
            {
                int step = b >> shift;
                x = Math.Clamp(x + ((step & 1) != 0 ? 1 : -1), 0, Width - 1);
                y = Math.Clamp(y + ((step & 2) != 0 ? 1 : -1), 0, Height - 1);
                ref int field = ref visits[(y * Width) + x];
                field = Math.Min(field + 1, Visits.Length - 1);
            }
        }

        string title = string.Create(CultureInfo.InvariantCulture, $"[{type} {bits}]");
        var picture = new StringBuilder();
        Edge(picture, title.Length <= LongestTitle ? title : $"[{type}]").Append('\n');
        for (int row = 0; row < Height; row++)
        {
            picture.Append('|');
            for (int column = 0; column < Width; column++)
            {
                picture.Append(
                    (column, row) == (x, y) ? End
                    : (column, row) == (Width / 2, Height / 2) ? Start
                    : Visits[visits[(row * Width) + column]]);
            }

            picture.Append("|\n");
        }

        return Edge(picture, $"[{hash}]").ToString();
    }

    private static StringBuilder Edge(StringBuilder picture, string title)
    {
        int before = (Width - title.Length) / 2;
        return picture.Append('+').Append('-', before).Append(title).Append('-', Width - title.Length - before).Append('+');
    }
}

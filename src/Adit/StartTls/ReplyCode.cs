using System.Globalization;

namespace Adit.StartTls;

/// <summary>The code of three digits with which the replies of SMTP and NNTP begin.</summary>
internal static class ReplyCode
{
    private const int Digits = 3;

    /// <summary>Reads the code of a line, behind which it ends, or has a space or a hyphen.</summary>
    public static bool TryRead(string line, out int code)
    {
        code = 0;
        return line.Length >= Digits
            && (line.Length == Digits || line[Digits] is ' ' or '-')
            && int.TryParse(line.AsSpan(0, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out code);
    }
}

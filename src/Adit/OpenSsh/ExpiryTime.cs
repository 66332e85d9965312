using System.Globalization;

namespace Adit.OpenSsh;

/// <summary>A time as in <c>expiry-time</c> of sshd(8): <c>YYYYMMDD[HHMM[SS]][Z]</c>, of this machine's time zone without the Z.</summary>
internal static class ExpiryTime
{
    /// <exception cref="FormatException">The text is none.</exception>
    public static DateTimeOffset Parse(string text)
    {
        bool isUtc = text.EndsWith('Z');
        string digits = isUtc ? text[..^1] : text;
        string format = digits.Length switch { 8 => "yyyyMMdd", 12 => "yyyyMMddHHmm", 14 => "yyyyMMddHHmmss", _ => "none" };
        return DateTimeOffset.TryParseExact(
            digits, format, CultureInfo.InvariantCulture, isUtc ? DateTimeStyles.AssumeUniversal : DateTimeStyles.AssumeLocal, out DateTimeOffset time)
            ? time
            : throw new FormatException($"\"{Adit.Relay.Printable.Text(text)}\" is no time: write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC");
    }
}

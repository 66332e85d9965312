using System.Globalization;

namespace Adit.OpenSsh;

/// <summary>The times of <c>expiry-time=</c>: sshd(8), AUTHORIZED_KEYS FILE FORMAT.</summary>
internal static class ExpiryTime
{
    private static readonly string[] Forms = ["yyyyMMdd", "yyyyMMddHHmm", "yyyyMMddHHmmss"];

    /// <summary>Reads <c>YYYYMMDD[HHMM[SS]]</c>, a time of the zone, or of UTC with a <c>Z</c> or <c>UTC</c> behind it.</summary>
    /// <param name="text">The time.</param>
    /// <param name="zone">The zone. Of a time that its clocks show twice, the first is meant.</param>
    /// <exception cref="FormatException">It is no such time.</exception>
    internal static DateTimeOffset Parse(string text, TimeZoneInfo zone)
    {
        int suffix = text.EndsWith("UTC", StringComparison.OrdinalIgnoreCase) ? 3 : text.EndsWith('Z') || text.EndsWith('z') ? 1 : 0;
        if (!DateTime.TryParseExact(text.AsSpan(0, text.Length - suffix), Forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime time))
            throw new FormatException("expiry-time is no time; write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z behind it for UTC");
        TimeSpan offset = suffix > 0 ? TimeSpan.Zero : zone.IsAmbiguousTime(time) ? zone.GetAmbiguousTimeOffsets(time).Max() : zone.GetUtcOffset(time);

        // The first and the last day that there is have no such moment in every zone.
        return time.Ticks > offset.Ticks && time.Ticks - offset.Ticks < DateTime.MaxValue.Ticks
            ? new(time, offset)
            : throw new FormatException("expiry-time is beyond the times that can be told");
    }
}

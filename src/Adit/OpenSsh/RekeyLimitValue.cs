using System.Globalization;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>The value of RekeyLimit: bytes with K, M or G, or <c>default</c>; and perhaps a time, or <c>none</c>.</summary>
internal static class RekeyLimitValue
{
    public static RekeyLimit Read(ConfigLine line)
    {
        if (line.Arguments.Count is not (1 or 2))
            throw line.Error("expected bytes and perhaps a time, such as 1G 1h");
        long bytes = ReadBytes(line, line.Arguments[0]);
        TimeSpan interval = line.Arguments.Count == 1 ? RekeyLimit.Default.Interval : (line with { Arguments = [line.Arguments[1]] }).Time();
        return new(bytes, interval == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : interval);
    }

    private static long ReadBytes(ConfigLine line, string text)
    {
        if (text is "default" or "none")
            return RekeyLimit.Default.Bytes;
        int shift = char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        string digits = shift == 0 ? text : text[..^1];
        const long min = 64 * 1024;
        const long max = 1L << 40;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number > max >> shift || number << shift < 16)
            throw line.Error($"expected bytes such as 500M, not \"{text}\"");
        return Math.Max(number << shift, min);
    }
}

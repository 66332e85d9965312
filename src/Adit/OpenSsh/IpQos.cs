using System.Globalization;

namespace Adit.OpenSsh;

/// <summary>How packets are marked for routers, ssh_config(5) IPQoS. The values are the byte of IPv4's TOS and IPv6's traffic class.</summary>
/// <param name="Interactive">With a terminal; null for the system's default.</param>
/// <param name="Bulk">Else; null for the system's default.</param>
internal readonly record struct IpQos(byte? Interactive, byte? Bulk)
{
    // RFC 2474, 2597, 3246, 5865 and 8622: six bits of code point above two bits of ECN.
    private static readonly (string Name, byte Value)[] Names =
    [
        ("af11", 10 << 2), ("af12", 12 << 2), ("af13", 14 << 2), ("af21", 18 << 2), ("af22", 20 << 2), ("af23", 22 << 2),
        ("af31", 26 << 2), ("af32", 28 << 2), ("af33", 30 << 2), ("af41", 34 << 2), ("af42", 36 << 2), ("af43", 38 << 2),
        ("cs0", 0), ("cs1", 8 << 2), ("cs2", 16 << 2), ("cs3", 24 << 2), ("cs4", 32 << 2), ("cs5", 40 << 2), ("cs6", 48 << 2), ("cs7", 56 << 2),
        ("ef", 46 << 2), ("le", 1 << 2), ("va", 44 << 2),
    ];

    /// <summary>Expedited forwarding for terminals, nothing for the rest, as OpenSSH has it since 10.1.</summary>
    internal static IpQos Default { get; } = new(46 << 2, null);

    /// <summary>Reads one value: a name, or a number as C writes it.</summary>
    /// <param name="text">The value.</param>
    /// <param name="value">What it stands for. The words of RFC 791 (lowdelay, throughput, reliability) stand for the system's default, as with ssh since 10.1.</param>
    /// <returns>Whether it is one.</returns>
    internal static bool TryParse(string text, out byte? value)
    {
        string word = text.ToLowerInvariant();
        value = null;
        if (word is "none" or "lowdelay" or "throughput" or "reliability")
            return true;
        foreach ((string name, byte known) in Names)
        {
            if (name == word)
            {
                value = known;
                return true;
            }
        }
        int number = 0;
        (string digits, int radix) = word switch
        {
            ['0', 'x', .. var rest] => (rest, 16),
            ['0', .. { Length: > 0 } rest] => (rest, 8),
            _ => (word, 10),
        };
        foreach (char c in digits)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            number = (number * radix) + digit;
            if (digit >= radix || number > byte.MaxValue)
                return false;
        }

        value = (byte)number;
        return digits.Length > 0;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name(Interactive)} {Name(Bulk)}";

    private static string Name(byte? value) =>
        value is not { } mark ? "none"
        : Array.Find(Names, known => known.Value == mark).Name ?? string.Create(CultureInfo.InvariantCulture, $"0x{mark:x2}");
}

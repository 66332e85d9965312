using System.Net;

namespace Adit.OpenSsh;

/// <summary>
/// A list of addresses as in <c>from=</c> of authorized_keys, <c>Match Address</c> and <c>source-address</c> of certificates: addresses,
/// wildcard patterns and CIDR blocks, with commas between them and <c>!</c> in front of those that are excluded. Immutable.
/// </summary>
internal sealed class AddressPatternList
{
    private const int MaxLength = 16 * 1024;
    private const int MaxEntries = 1024;

    private readonly Entry[] _entries;

    private AddressPatternList(string text, Entry[] entries)
    {
        Text = text;
        _entries = entries;
    }

    /// <summary>The list as written.</summary>
    public string Text { get; }

    /// <summary>Whether some entry is the name of a host. Such an entry fits nobody, since names are not looked up.</summary>
    public bool HasNames => _entries.Any(static entry => entry.Pattern?.Any(static c => char.IsAsciiLetter(c) && !char.IsAsciiHexDigit(c)) is true);

    /// <exception cref="FormatException">It cannot be understood; the message says why.</exception>
    public static AddressPatternList Parse(string text) => Parse(text, onlyBlocks: false);

    /// <summary>A list without patterns, as a certificate has it (source-address).</summary>
    /// <exception cref="FormatException">It cannot be understood; the message says why.</exception>
    public static AddressPatternList ParseCidrOnly(string text) => Parse(text, onlyBlocks: true);

    /// <summary>Whether the address is on the list. One that an excluded entry fits is not, whatever else fits.</summary>
    public bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        string? text = null;
        bool fits = false;
        foreach (Entry entry in _entries)
        {
            bool here = entry.Block is { } block
                ? block.Contains(address)
                : PatternList.Fits(text ??= WithoutScope(address), entry.Pattern);
            if (here && entry.Excludes)
                return false;
            fits |= here;
        }

        return fits;
    }

    private static AddressPatternList Parse(string text, bool onlyBlocks)
    {
        if (text.Length > MaxLength)
            throw new FormatException($"a list of addresses has at most {MaxLength} characters");
        string[] parts = text.Split(',');
        if (parts.Length > MaxEntries)
            throw new FormatException($"a list of addresses has at most {MaxEntries} entries");
        return new(text, [.. parts.Select(part => ParseEntry(part, onlyBlocks))]);
    }

    private static Entry ParseEntry(string part, bool onlyBlocks)
    {
        bool excludes = part.StartsWith('!');
        string body = excludes ? part[1..] : part;
        if (body.Length == 0)
            throw new FormatException("an entry of a list of addresses is empty");
        if (body.Contains('/', StringComparison.Ordinal))
        {
            return IPNetwork.TryParse(body, out IPNetwork block)
                ? new(excludes, block, null)
                : throw new FormatException($"\"{body}\" is no block of addresses: write it as in 10.0.0.0/8, with no bits set behind the first 8");
        }

        bool isWhole = body.Contains(':', StringComparison.Ordinal) || body.Count(static c => c == '.') == 3;
        if (isWhole && IPAddress.TryParse(body, out IPAddress? address))
        {
            if (address.IsIPv4MappedToIPv6)
                address = address.MapToIPv4();
            return new(excludes, new IPNetwork(address, address.GetAddressBytes().Length * 8), null);
        }

        return onlyBlocks ? throw new FormatException($"\"{body}\" is no address") : new(excludes, null, body.ToLowerInvariant());
    }

    private static string WithoutScope(IPAddress address) => address.ToString().Split('%')[0];

    private readonly record struct Entry(bool Excludes, IPNetwork? Block, string? Pattern);
}

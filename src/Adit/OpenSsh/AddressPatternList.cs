using System.Collections.Immutable;
using System.Net;

namespace Adit.OpenSsh;

/// <summary>
/// A list of addresses as in <c>from=</c> of authorized_keys, <c>Match Address</c> and <c>source-address</c> of certificates: addresses,
/// wildcard patterns over the textual address and CIDR blocks, with commas between them and <c>!</c> in front of those that are excluded.
/// IPv6 addresses that stand for IPv4 ones are treated as those. Immutable; safe to share.
/// </summary>
internal sealed class AddressPatternList
{
    private const int MaxLength = 16 * 1024;
    private const int MaxEntries = 1024;
    private const int MaxAddressText = 128;

    private readonly AddressPattern[] _patterns;
    private readonly AddressPatternList? _also;

    private AddressPatternList(string text, AddressPattern[] patterns, ImmutableArray<string> hostNames, AddressPatternList? also = null)
    {
        Text = text;
        HostNames = hostNames;
        _patterns = patterns;
        _also = also;
    }

    /// <summary>The list as written.</summary>
    public string Text { get; }

    /// <summary>
    /// The entries that only a host's name could fit. They are legal and fit nothing, since no names are looked up: one with a <c>!</c> in
    /// front excludes nobody.
    /// </summary>
    public ImmutableArray<string> HostNames { get; }

    /// <summary>Reads a list of at most 16 KiB and 1024 entries.</summary>
    /// <exception cref="FormatException">It cannot be understood; the message says why.</exception>
    public static AddressPatternList Parse(string text) => Parse(text, AddressPattern.Parse);

    /// <summary>Reads a list of addresses and CIDR blocks alone, as certificates have it: no wildcards, names or exclusions.</summary>
    /// <exception cref="FormatException">It cannot be understood; the message says why.</exception>
    public static AddressPatternList ParseCidrOnly(string text) => Parse(text, AddressPattern.ParseBlock);

    /// <summary>The list that those addresses are on that are on both.</summary>
    public AddressPatternList And(AddressPatternList other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new($"{Text} and {other.Text}", _patterns, [.. HostNames, .. other.HostNames], _also is null ? other : _also.And(other));
    }

    /// <summary>Whether the address is on the list. One that an excluded pattern fits is not, whatever else fits.</summary>
    public bool Contains(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        Span<char> text = stackalloc char[MaxAddressText];
        if (!address.TryFormat(text, out int length))
            return false;
        bool found = false;
        foreach (AddressPattern pattern in _patterns)
        {
            if (!pattern.Fits(address, text[..length]))
                continue;
            if (pattern.IsExcluded)
                return false;
            found = true;
        }

        return found && _also?.Contains(address) is not false;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static AddressPatternList Parse(string text, Func<string, AddressPattern> parse)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength)
            throw new FormatException($"the list of addresses is over the limit of {MaxLength} characters");
        string[] entries = text.Split(',');
        if (entries.Length > MaxEntries)
            throw new FormatException($"the list of addresses has {entries.Length} entries, over the limit of {MaxEntries}");
        AddressPattern[] patterns = Array.ConvertAll(entries, entry => parse(entry));
        return new(text, patterns, [.. entries.Where((_, index) => patterns[index].IsHostName)]);
    }
}

using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Wording;

namespace Adit.OpenSsh;

/// <summary>One entry of an <see cref="AddressPatternList"/>: an address, a CIDR block, or a pattern over the textual address.</summary>
internal sealed class AddressPattern
{
    private const int MaxShown = 100;
    private const int MappedPrefix = 96;

    private static readonly SearchValues<char> BlockCharacters = SearchValues.Create("0123456789abcdefABCDEF.:/");
    private static readonly SearchValues<char> AddressPatternCharacters = SearchValues.Create("0123456789abcdef.:*?");
    private static readonly SearchValues<char> Letters = SearchValues.Create("abcdef");

    private readonly IPNetwork? _block;
    private readonly long _zone;
    private readonly string _pattern;

    private AddressPattern(string pattern, IPNetwork? block, long zone, bool isExcluded)
    {
        _pattern = pattern;
        _block = block;
        _zone = zone;
        IsExcluded = isExcluded;
    }

    /// <summary>Whether a <c>!</c> is in front.</summary>
    public bool IsExcluded { get; }

    /// <summary>Whether no address can fit, so that it must have been meant for the names of hosts.</summary>
    public bool IsHostName => _block is null && (!_pattern.AsSpan().ContainsAny('*', '?')
        || _pattern.AsSpan().ContainsAnyExcept(AddressPatternCharacters)
        || (_pattern.Contains('.', StringComparison.Ordinal)
            && !_pattern.Contains(':', StringComparison.Ordinal)
            && _pattern.AsSpan().ContainsAny(Letters)));

    /// <summary>Reads an entry.</summary>
    /// <exception cref="FormatException">It cannot be understood.</exception>
    public static AddressPattern Parse(string entry)
    {
        bool excluded = entry.StartsWith('!');
        string text = excluded ? entry[1..] : entry;
        if (text.Length == 0)
            throw new FormatException("the list of addresses has an empty entry");
        if (text.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '!'))
            throw Wrong(entry, "is no address: write them with commas and without blanks between, and ! only in front");
        IPNetwork? block = TryReadBlock(text, out long zone);
        if (block is null && text.Contains('/', StringComparison.Ordinal))
            throw Wrong(entry, "is no block of addresses; write it as in 192.0.2.0/24");
        if (block is null && text.Contains('%', StringComparison.Ordinal))
            throw Wrong(entry, "is no address with the name of a network interface behind its %, and wildcards do not go with one");
        return new(text.ToLowerInvariant(), block, zone, excluded);
    }

    /// <summary>Reads an entry that must be an address or a block.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static AddressPattern ParseBlock(string entry)
    {
        if (entry.Length == 0)
            throw new FormatException("the list of addresses has an empty entry");
        return !entry.AsSpan().ContainsAnyExcept(BlockCharacters) && TryReadBlock(entry, out _) is { } block
            ? new(entry, block, 0, isExcluded: false)
            : throw Wrong(entry, "is neither an address nor a block as in 192.0.2.0/24");
    }

    /// <summary>Whether the entry fits an address, whatever is in front of it.</summary>
    /// <param name="address">The address; not one that stands for an IPv4 address.</param>
    /// <param name="text">The same as text.</param>
    public bool Fits(IPAddress address, ReadOnlySpan<char> text)
    {
        if (_block is not { } block)
            return PatternList.Fits(text, _pattern);

        // What is excluded without a zone is excluded in every one; what is allowed must name the zone, as with ssh.
        return block.Contains(address)
            && (address.AddressFamily is not AddressFamily.InterNetworkV6 || address.ScopeId == _zone || (IsExcluded && _zone == 0));
    }

    // Null for what is not written as an address or block at all.
    private static IPNetwork? TryReadBlock(string text, out long zone)
    {
        zone = 0;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string addressText = slash < 0 ? text : text[..slash];
        if (addressText.AsSpan().ContainsAny('[', ']') || !IPAddress.TryParse(addressText, out IPAddress? address))
            return null;
        int bits = address.AddressFamily is AddressFamily.InterNetworkV6 ? 128 : 32;
        int prefix = bits;
        if (slash >= 0 && !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix))
            return null;
        if (prefix > bits)
            throw Wrong(text, string.Create(CultureInfo.InvariantCulture, $"has more than the {bits} bits of such an address behind the slash"));
        if (bits == 128)
            zone = ReadZone(addressText, address);
        if (address.IsIPv4MappedToIPv6 && prefix >= MappedPrefix)
            (address, prefix) = (address.MapToIPv4(), prefix - MappedPrefix);
        var block = new IPNetwork(address, prefix);
        return block.BaseAddress.GetAddressBytes().AsSpan().SequenceEqual(address.GetAddressBytes())
            ? block
            : throw Wrong(text, "is no block: the address has bits set behind the prefix");
    }

    private static long ReadZone(string text, IPAddress address) =>
        address.ScopeId != 0 || !text.Contains('%', StringComparison.Ordinal)
            ? address.ScopeId
            : throw Wrong(text, "names a network interface that does not exist");

    private static FormatException Wrong(string entry, string what) =>
        new($"\"{Printable.Text(entry.Length > MaxShown ? entry[..MaxShown] + "..." : entry)}\" {what}");
}

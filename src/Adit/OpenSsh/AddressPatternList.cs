using System.Net;

namespace Adit.OpenSsh;

/// <summary>
/// A list of addresses as in <c>from=</c> of authorized_keys, <c>Match Address</c> and <c>source-address</c> of certificates: addresses,
/// wildcard patterns and CIDR blocks, with commas between them and <c>!</c> in front of those that are excluded.
/// </summary>
internal sealed class AddressPatternList
{
    private AddressPatternList(string text) => Text = text;

    /// <summary>The list as written.</summary>
    public string Text { get; }

    /// <exception cref="FormatException">It cannot be understood; the message says why.</exception>
    public static AddressPatternList Parse(string text) => new(text);

    /// <summary>Whether the address is on the list. One that an excluded pattern fits is not, whatever else fits.</summary>
    public bool Contains(IPAddress address) => Text.Split(',').Contains(address.ToString(), StringComparer.Ordinal);
}

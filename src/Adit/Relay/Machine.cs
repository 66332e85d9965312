using System.Net;
using System.Net.NetworkInformation;

namespace Adit.Relay;

/// <summary>A machine under the names and addresses that lead to it, so that a leg can tell whether it leaves the machine.</summary>
/// <remarks>
/// Loopback addresses and names, the wildcard addresses and Unix sockets belong to every machine. Other names are compared as
/// written and are not resolved: what cannot be told is taken for a wire.
/// </remarks>
internal sealed class Machine
{
    internal const string ThisName = "this machine";

    private readonly HashSet<string> _names;
    private readonly HashSet<IPAddress> _addresses;

    /// <summary>A machine elsewhere.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="aliases">Other names and addresses of the same machine, as far as known.</param>
    public Machine(string name, params IEnumerable<string> aliases)
        : this(name, aliases.Prepend(name), [])
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
    }

    private Machine(string name, IEnumerable<string> hosts, IEnumerable<IPAddress> addresses)
    {
        Name = name;
        _names = new(StringComparer.OrdinalIgnoreCase);
        _addresses = [.. addresses.Select(Endpoint.Unmapped)];
        foreach (string host in hosts)
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
                _addresses.Add(Endpoint.Unmapped(address));
            else
                _names.Add(host.TrimEnd('.'));
        }
    }

    /// <summary>What to call the machine.</summary>
    public string Name { get; }

    /// <summary>The machine that this program runs on, with the addresses that its interfaces have now.</summary>
    public static Machine This() => new(ThisName, [], OwnAddresses());

    /// <summary>Whether a connection that the machine makes to the target stays within the machine.</summary>
    public bool Owns(Endpoint target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.IsUnix)
            return true;
        if (!IPAddress.TryParse(target.Host, out IPAddress? address))
        {
            string host = target.Host.TrimEnd('.');
            // RFC 6761 section 6.3: names under "localhost." are loopback too.
            return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
                || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
                || _names.Contains(host);
        }
        address = Endpoint.Unmapped(address);
        return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)
            || _addresses.Contains(address);
    }

    private static IEnumerable<IPAddress> OwnAddresses()
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(static network => network.GetIPProperties().UnicastAddresses)
                .Select(static unicast => unicast.Address);
        }
        catch (NetworkInformationException)
        {
            // A sandbox may hide the interfaces; loopback is known all the same, and the rest then counts as a wire.
            return [];
        }
    }
}

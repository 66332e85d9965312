using System.Globalization;
using System.Net;
using Adit.Relay;

namespace Adit.Cli.Doctor;

/// <summary>A TCP socket that listens.</summary>
/// <param name="Address">Where.</param>
/// <param name="Owner">The user who made it.</param>
/// <param name="Inode">Its number in the kernel.</param>
internal sealed record ListeningSocket(IPEndPoint Address, uint Owner, ulong Inode)
{
    /// <summary>Whether it takes connections to every address of this machine.</summary>
    public bool IsWildcard => Ip.Equals(IPAddress.Any) || Ip.Equals(IPAddress.IPv6Any);

    /// <summary>Whether only this machine reaches it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Ip);

    private IPAddress Ip => Endpoint.Unmapped(Address.Address);

    /// <summary>Whether it takes connections that the other one, a wildcard, is thought to take.</summary>
    public bool Shadows(ListeningSocket other) =>
        Address.Port == other.Address.Port && !IsWildcard && other.IsWildcard
        && (other.Ip.Equals(IPAddress.IPv6Any) || Ip.AddressFamily == other.Ip.AddressFamily);

    /// <summary>Whether localhost leads to this one by one of its two addresses, and to the other by the other.</summary>
    public bool SplitsLocalhostWith(ListeningSocket other) =>
        Address.Port == other.Address.Port && ((ServesLoopback4 && other.ServesLoopback6) || (ServesLoopback6 && other.ServesLoopback4));

    private bool ServesLoopback4 => Ip.Equals(IPAddress.Loopback) || IsWildcard;

    private bool ServesLoopback6 => Ip.Equals(IPAddress.IPv6Loopback) || Ip.Equals(IPAddress.IPv6Any);

    public override string ToString() =>
        Ip.Equals(IPAddress.Any) ? string.Create(CultureInfo.InvariantCulture, $"*:{Address.Port}") : new IPEndPoint(Ip, Address.Port).ToString();
}

/// <summary>A Unix socket that listens.</summary>
/// <param name="Path">The name that it was bound to, which may have been moved since.</param>
/// <param name="Inode">Its number in the kernel.</param>
internal sealed record ListeningUnixSocket(string Path, ulong Inode);

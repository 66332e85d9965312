using System.Net;
using System.Net.NetworkInformation;
using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>Dials what a SOCKS client names, but not this machine itself: what listens on its loopback is for its own users.</summary>
/// <param name="inner">Dials.</param>
internal sealed class OutsideDialer(IDialer inner) : IDialer
{
    /// <inheritdoc/>
    public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
    {
        if (target.IsUnix)
            throw Forbidden(target);
        // Looked up once, so that what is judged is what is dialled.
        IPAddress[] addresses = IPAddress.TryParse(target.Host, out IPAddress? literal) ? [literal] : await LookUpAsync(target, cancellationToken).ConfigureAwait(false);
        IPAddress address = Array.Find(addresses, static address => !IsInside(address)) ?? throw Forbidden(target);
        return await inner.DialAsync(Endpoint.Tcp(address.ToString(), target.Port), origin, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IPAddress[]> LookUpAsync(Endpoint target, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(target.Host!, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw DialException.From(target, e);
        }
    }

    private static bool IsInside(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IsOfThisMachine(plain) || IPAddress.IsLoopback(plain) || plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any) || plain.IsIPv6LinkLocal || plain.IsIPv6Multicast
            || (plain.GetAddressBytes() is [169, 254, ..] or [0, ..] or [>= 224, ..] && plain.AddressFamily is System.Net.Sockets.AddressFamily.InterNetwork);
    }

    private static bool IsOfThisMachine(IPAddress address) => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(static network => network.GetIPProperties().UnicastAddresses)
        .Any(unicast => unicast.Address.Equals(address));

    private static DialException Forbidden(Endpoint target) =>
        new(target, DialFailure.Prohibited, "the service does not connect to the machine that it runs on; that needs a service with connect");
}

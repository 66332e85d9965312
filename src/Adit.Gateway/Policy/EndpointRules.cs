using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Configuration;

namespace Adit.Gateway.Policy;

/// <summary>
/// The rules of AditPermitOpen or AditPermitListen. Names and addresses are judged apart, in each case by the first rule that fits: neither
/// may forbid, and one has to permit. So a name that is permitted and resolves into a forbidden block is forbidden. Immutable.
/// </summary>
internal sealed class EndpointRules
{
    private readonly ImmutableArray<EndpointRule> _rules;

    /// <summary>Takes the rules in their order.</summary>
    public EndpointRules(ImmutableArray<EndpointRule> rules) => _rules = rules;

    /// <summary>Whether there are rules at all; where there are none they are not asked.</summary>
    public bool Any => _rules.Length > 0;

    /// <summary>Why a TCP endpoint at an address is forbidden; null when it is permitted.</summary>
    /// <param name="host">The host as it was asked for.</param>
    /// <param name="address">The address that it means.</param>
    /// <param name="port">The port.</param>
    public string? Refusal(string host, IPAddress address, int port)
    {
        IPAddress meant = Meant(address);
        EndpointRule? byName = _rules.FirstOrDefault(rule => rule.FitsName(host, port));
        EndpointRule? byAddress = _rules.FirstOrDefault(rule => rule.FitsAddress(meant, port));
        if (byAddress is { Forbids: true })
            return $"{meant} is forbidden by the rule {byAddress.Text}";
        if (byName is { Forbids: true })
            return $"it is forbidden by the rule {byName.Text}";
        return byName is null && byAddress is null ? "no rule permits it" : null;
    }

    /// <summary>Whether there is no address at which the name could be permitted, so that it need not be looked up.</summary>
    public bool ForbidsName(string host, int port) =>
        _rules.FirstOrDefault(rule => rule.FitsName(host, port)) is var byName
        && (byName is { Forbids: true } || (byName is null && !_rules.Any(static rule => rule is { IsAboutAddress: true, Forbids: false })));

    /// <summary>Why a socket is forbidden; null when it is permitted.</summary>
    public string? Refusal(string path) => _rules.FirstOrDefault(rule => rule.FitsPath(path)) switch
    {
        null => "no rule permits it",
        { Forbids: true } rule => $"it is forbidden by the rule {rule.Text}",
        _ => null,
    };

    // The unspecified address leads to this machine, as loopback does; an IPv4 address may be written as IPv6.
    private static IPAddress Meant(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : address.AddressFamily is AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes())
            : address;
    }
}

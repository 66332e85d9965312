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

    /// <summary>Why a TCP endpoint at an address may not be opened; null when it may.</summary>
    /// <param name="host">The host as it was asked for.</param>
    /// <param name="address">The address that it means.</param>
    /// <param name="port">The port.</param>
    public string? Refusal(string host, IPAddress address, int port)
    {
        IPAddress plain = Plain(address);

        // The unspecified address leads to this machine, as loopback does.
        IPAddress meant = plain.Equals(IPAddress.Any) ? IPAddress.Loopback : plain.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : plain;
        EndpointRule? asWritten = _rules.FirstOrDefault(rule => rule.FitsAddress(plain, port));
        return Refusal(host, port, meant, asWritten is { Forbids: true } ? asWritten : _rules.FirstOrDefault(rule => rule.FitsAddress(meant, port)));
    }

    /// <summary>Why may not be listened at an address; null when it may. To listen at all addresses is to listen at each forbidden one too.</summary>
    /// <param name="host">Where the client asked to listen.</param>
    /// <param name="address">The address that would be bound.</param>
    /// <param name="port">The port.</param>
    public string? RefusalToListen(string host, IPAddress address, int port)
    {
        IPAddress plain = Plain(address);
        bool isAll = plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any);
        return Refusal(host, port, plain, _rules.FirstOrDefault(rule =>
            rule.FitsAddress(plain, port) || (isAll && rule.Forbids && rule.FitsSomeAddress(plain.AddressFamily, port))));
    }

    /// <summary>Whether there is no address at which the name could be permitted, so that it need not be looked up.</summary>
    public bool ForbidsName(string host, int port) =>
        _rules.FirstOrDefault(rule => rule.FitsName(host, port)) is var byName
        && (byName is { Forbids: true } || (byName is null && !_rules.Any(static rule => rule is { IsAboutAddress: true, Forbids: false })));

    /// <summary>Why a socket is forbidden; null when it is permitted. A path with detours could lead anywhere, whatever rule it fits.</summary>
    public string? Refusal(string path) => HasDetours(path) ? "the path has to be written without //, . and .." : _rules.FirstOrDefault(rule => rule.FitsPath(path)) switch
    {
        null => "no rule permits it",
        { Forbids: true } rule => $"it is forbidden by the rule {rule.Text}",
        _ => null,
    };

    private static bool HasDetours(string path) => path.StartsWith('/') && path[1..].Split('/').Any(static part => part is "" or "." or "..");

    private string? Refusal(string host, int port, IPAddress address, EndpointRule? byAddress)
    {
        EndpointRule? byName = _rules.FirstOrDefault(rule => rule.FitsName(host, port));
        if (byAddress is { Forbids: true })
            return $"{address} is forbidden by the rule {byAddress.Text}";
        if (byName is { Forbids: true })
            return $"it is forbidden by the rule {byName.Text}";
        return byName is null && byAddress is null ? "no rule permits it" : null;
    }

    // An IPv4 address may be written as IPv6, and a scope is no part of a block.
    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily is AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes())
        : address;
}

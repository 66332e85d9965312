using System.Net;
using System.Net.Sockets;

namespace Adit.OpenSsh;

/// <summary>Makes the full name of a short one, ssh_config(5) CanonicalizeHostname and what belongs to it.</summary>
internal static class Canonicalization
{
    /// <summary>The name to connect to.</summary>
    /// <param name="name">The name so far, lower-case.</param>
    /// <param name="settings">What was configured until now.</param>
    /// <param name="machine">Finds names.</param>
    /// <exception cref="ConfigException">The name is unknown, and CanonicalizeFallbackLocal does not let it be.</exception>
    internal static string Apply(string name, HostSettings settings, LocalMachine machine)
    {
        CanonicalizeHostname mode = settings.CanonicalizeHostname.Or(CanonicalizeHostname.No);
        bool isDirect = settings.ProxyCommand.Or(null) is null && settings.ProxyJump.Or([]).IsEmpty;
        // Somebody else may know other names than this machine does.
        if (mode == CanonicalizeHostname.No || (!isDirect && mode != CanonicalizeHostname.Always) || IPAddress.TryParse(name, out _))
            return name;
        AddressFamily family = settings.AddressFamily.Or(AddressFamily.Unspecified);
        IReadOnlyList<CanonicalNameRule> rules = settings.CanonicalizePermittedCnames.Or([]);
        if (name.EndsWith('.') || name.Count(c => c == '.') <= settings.CanonicalizeMaxDots.Or(1))
        {
            foreach (string full in name.EndsWith('.') ? [name] : settings.CanonicalDomains.Or([]).Select(domain => $"{name}.{domain}."))
            {
                if (machine.CanonicalName(full, family) is { } canonical)
                    return Follow(full[..^1], canonical, rules);
            }
            if (!settings.CanonicalizeFallbackLocal.Or(true))
                throw Unknown(name, settings);
        }
        if (rules.Count == 0)
            return name;
        return machine.CanonicalName(name, family) is { } target ? Follow(name, target, rules)
            : isDirect ? throw Unknown(name, settings)
            : name;
    }

    private static string Follow(string name, string canonical, IEnumerable<CanonicalNameRule> rules)
    {
        string target = canonical.TrimEnd('.').ToLowerInvariant();
        return HostValue.IsDomain(target) && rules.Any(rule => rule.Permits(name, target)) ? target : name;
    }

    private static ConfigException Unknown(string name, HostSettings settings) => new(
        settings.CanonicalizeHostname.Given!.Source, $"the host \"{name}\" is unknown here, and CanonicalizeHostname needs it; check the name and CanonicalDomains");
}

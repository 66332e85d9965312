using System.Collections.Immutable;

namespace Adit.Stunnel;

/// <summary>Services behind the port of another, chosen by the name that a client asks for.</summary>
internal static class VirtualHosts
{
    /// <summary>The service with what its <c>sni</c> means among the others.</summary>
    /// <exception cref="StunnelException">It names no server.</exception>
    internal static StunnelService Of(StunnelService service, IReadOnlyList<StunnelService> all) =>
        service.IsClient || service.Sni.IsEmpty ? service : service with { VirtualHosts = [.. service.Sni.Select(text => Host(text, service, all))] };

    private static VirtualHost Host(string text, StunnelService service, IReadOnlyList<StunnelService> all)
    {
        string[] parts = text.Split(':', 2, StringSplitOptions.TrimEntries);
        if (parts is not [{ Length: > 0 } name, { Length: > 0 } pattern])
            throw Wrong("write SERVICE:PATTERN, the [section] that accepts connections and the name asked for");
        StunnelService? primary = all.FirstOrDefault(other => !other.IsInetd && other.Name == name);
        if (primary is null)
            throw Wrong($"there is no section [{name}]");
        if (primary.IsClient)
            throw Wrong($"[{name}] is a client, so nobody asks it for a name");
        return primary.Accept.IsEmpty ? throw Wrong($"[{name}] has no accept") : new(name, pattern);

        StunnelException Wrong(string reason) => new(service.Place, $"[{service.Name}]: sni = \"{text}\": {reason}");
    }
}

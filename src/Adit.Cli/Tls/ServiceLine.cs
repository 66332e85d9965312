using Adit.Relay;
using Adit.Stunnel;

namespace Adit.Cli.Tls;

/// <summary>A service in a line: its ends, what protects the way between them, and what is verified.</summary>
internal static class ServiceLine
{
    /// <summary>The line, as in <c>[pg] 127.0.0.1:5432 → db.foo.com:5433 (tls, certificate from ca.pem, for db.foo.com)</c>.</summary>
    /// <param name="service">The service.</param>
    /// <param name="ends">Where it listens.</param>
    public static string Of(StunnelService service, IEnumerable<string> ends)
    {
        string near = !service.VirtualHosts.IsEmpty
            ? string.Join(", ", service.VirtualHosts.Select(static host => $"{host.Pattern} at [{host.Primary}]"))
            : service is { Exec: { } program, Connect.IsEmpty: false } ? program
            : service.IsInetd ? "standard input and output"
            : string.Join(", ", ends);
        string tls = $"(tls{(service.Protocol is StunnelProtocol.None or StunnelProtocol.Connect or StunnelProtocol.Proxy or StunnelProtocol.Socks ? string.Empty : $" by {service.Protocol.ToString().ToLowerInvariant()}")}, {Verified(service)})";
        return service.IsClient ? $"[{service.Name}] {near} → {Far(service)} {tls}" : $"[{service.Name}] {near} {tls} → {Far(service)}{Plain(service)}";
    }

    /// <summary>What a person has to know of a client that takes any server; null where there is nothing.</summary>
    public static string? Danger(StunnelService service) => service.IsInsecure
        ? $"WARNING: [{service.Name}] does not verify the server: whoever is on the way to {Far(service)} can read and change everything. "
            + "Write verifyChain = yes, CAfile = FILE and checkHost = NAME, or verifyPeer = yes and CAfile = FILE with the server's certificate"
            + " (-v 3 -A FILE)"
        : null;

    private static string Verified(StunnelService service)
    {
        if (!service.IsVerified)
            return service.IsClient ? "SERVER NOT VERIFIED" : service.RequireCert ? "any certificate of the client" : "clients not verified";
        string source = string.Join(" and ", new[] { service.CaFile, service.CaPath }.OfType<string>());
        string who = service.IsClient ? string.Empty : "client's ";
        string what = service.VerifyPeer ? $"{who}very certificate in {source}" : $"{who}certificate from {source}";
        string[] names = [.. service.CheckHosts, .. service.CheckIps.Select(static ip => ip.ToString()), .. service.CheckEmails];
        string whose = names.Length > 0 ? $", for {string.Join(" or ", names)}" : service is { IsClient: true, VerifyPeer: false } ? ", whatever its name" : string.Empty;
        return $"{what}{whose}{(service.CrlFile is null && service.CrlPath is null ? string.Empty : ", not revoked")}";
    }

    private static string Far(StunnelService service)
    {
        if (service is { Protocol: StunnelProtocol.Socks, IsClient: false })
            return "whatever they name by SOCKS";
        if (service.Connect.IsEmpty)
            return service.Exec ?? "nowhere";
        string targets = string.Join(" or ", service.Connect);
        return service is { IsClient: true, ProtocolTarget: { } behind } ? $"{targets} → {behind}" : targets;
    }

    private static string Plain(StunnelService service)
    {
        if (service.Connect.IsEmpty)
            return string.Empty;
        Machine machine = Machine.This();
        return service.Connect.Any(target => !machine.Owns(target)) ? " (PLAINTEXT)" : string.Empty;
    }
}

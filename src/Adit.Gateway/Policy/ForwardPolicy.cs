using System.Net;
using Adit.Gateway.Configuration;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.SshLegs;

namespace Adit.Gateway.Policy;

/// <summary>
/// What one user may open and where one may listen: the settings of the gateway and the options of the key, both of which have to agree.
/// Immutable; a reload makes a new one.
/// </summary>
internal sealed class ForwardPolicy
{
    private readonly GatewaySettings _settings;
    private readonly KeyOptions _options;
    private readonly EndpointRules _open;
    private readonly EndpointRules _listen;

    public ForwardPolicy(GatewaySettings settings, KeyOptions options)
    {
        _settings = settings;
        _options = options;
        _open = new(settings.AditPermitOpen);
        _listen = new(settings.AditPermitListen);
    }

    /// <summary>Why a target may not be opened, before its name is looked up; null when nothing speaks against it so far.</summary>
    public string? RefusesOpen(Endpoint target)
    {
        if (Forbidden(target.IsUnix, ForwardDirections.Local) is { } forbidden)
            return forbidden;
        if (target.IsUnix)
        {
            if (!PermitList.AllowsOpenOfSocket(_settings.PermitOpen))
                return "PermitOpen does not permit sockets";
            if (!PermitList.AllowsOpenOfSocket(_options.PermitOpen))
                return "permitopen of the key does not permit sockets";
            return _open.Any && _open.Refusal(target.Path) is { } rule ? $"AditPermitOpen: {rule}" : null;
        }

        if (!PermitList.AllowsOpen(_settings.PermitOpen, target.Host, target.Port))
            return "PermitOpen does not permit it";
        if (!PermitList.AllowsOpen(_options.PermitOpen, target.Host, target.Port))
            return "permitopen of the key does not permit it";
        return _open.Any && _open.ForbidsName(target.Host, target.Port) && !IPAddress.TryParse(target.Host, out _)
            ? "AditPermitOpen: no rule permits it"
            : null;
    }

    /// <summary>Why a target may not be opened at this address; null when it may.</summary>
    public string? RefusesAddress(string host, IPAddress address, int port) =>
        _open.Any && _open.Refusal(host, address, port) is { } rule ? $"AditPermitOpen: {rule}" : null;

    /// <summary>Why may not be listened where the client asks for; null when it may.</summary>
    public string? RefusesListen(ListenRequest asked)
    {
        if (Forbidden(asked.Path is not null, ForwardDirections.Remote) is { } forbidden)
            return forbidden;
        if (asked.Path is { } path)
        {
            if (!path.StartsWith('/'))
                return "the path of a socket begins with /";
            return _listen.Any && _listen.Refusal(path) is { } rule ? $"AditPermitListen: {rule}" : null;
        }

        if (asked.Port > ushort.MaxValue)
            return $"{asked.Port} is not a port";
        if (!PermitList.AllowsListen(_settings.PermitListen, asked.Address, asked.Port))
            return "PermitListen does not permit it";
        if (!PermitList.AllowsListen(_options.PermitListen, asked.Address, asked.Port))
            return "permitlisten of the key does not permit it";
        const int firstUnprivileged = 1024;
        bool isNamed = _listen.Any || _settings.PermitListen is not ([] or ["any"]) || !_options.PermitListen.IsEmpty;
        return asked.Port is > 0 and < firstUnprivileged && !isNamed ? "ports below 1024 have to be permitted by name (PermitListen)" : null;
    }

    /// <summary>Where is really listened: GatewayPorts decides about the address.</summary>
    /// <exception cref="FormatException">The client asked for something that is no address.</exception>
    public ListenSpec Binding(ListenRequest asked) => asked.Path is { } path
        ? ListenSpec.Unix(path)
        : ListenSpec.Tcp(asked.Port, _settings.GatewayPorts switch
        {
            GatewayPorts.Yes => "*",
            GatewayPorts.ClientSpecified => asked.Address.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? null : asked.Address is "" ? "*" : asked.Address,
            _ => asked.Address is "127.0.0.1" or "::1" ? asked.Address : null,
        });

    /// <summary>Why may not be listened at an address that would be bound; null when it may. Port 0 stands for any that is free.</summary>
    public string? RefusesBinding(ListenRequest asked, IPAddress address) =>
        asked.Path is null && _listen.Any && _listen.RefusalToListen(asked.Address, address, asked.Port) is { } rule ? $"AditPermitListen: {rule}" : null;

    // AllowTcpForwarding holds for sockets too, as with sshd.
    private string? Forbidden(bool isSocket, ForwardDirections wanted)
    {
        if (_settings.DisableForwarding)
            return "DisableForwarding is set";
        if (!_settings.AllowTcpForwarding.HasFlag(wanted))
            return "AllowTcpForwarding does not allow this direction";
        if (isSocket && !_settings.AllowStreamLocalForwarding.HasFlag(wanted))
            return "AllowStreamLocalForwarding does not allow this direction";
        return _options.PermitPortForwarding ? null : "the options of the key, or of its certificate, do not permit port-forwarding";
    }
}

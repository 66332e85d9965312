using System.Collections.Immutable;
using System.Globalization;
using Adit.OpenSsh;
using Adit.Ssh.Connection;
using Adit.Ssh.Transport;
using Microsoft.Extensions.Logging;

namespace Adit.Client;

/// <summary>
/// The logins that lead to a destination, one on the other over each host on the way: ssh_config(5) ProxyJump, all in this process. What is
/// configured for a host on the way holds for it; options of the command do not.
/// </summary>
/// <param name="resolve">What is configured for a host on the way.</param>
/// <param name="dialog">Who logs in.</param>
/// <param name="logger">Takes what the engine does.</param>
internal sealed class LoginPath(Func<JumpHost, HostConfig> resolve, IUserDialog dialog, ILogger logger)
{
    private const int MostHops = 32;

    /// <summary>Prepares the way to a destination.</summary>
    /// <param name="destination">What is configured for it.</param>
    /// <param name="handler">Serves what the destination opens or asks for besides remote forwards; null refuses it.</param>
    /// <param name="keepAlive">When the destination is asked for a sign of life; null for as it is configured.</param>
    /// <param name="isInteractive">See <see cref="Login.IsInteractive"/>.</param>
    /// <exception cref="ConfigException">The way leads over a host twice.</exception>
    public Login To(HostConfig destination, IConnectionHandler? handler, KeepAliveOptions? keepAlive, bool isInteractive) =>
        new(destination, dialog, logger, Before(destination.Jumps, [Place(destination)]))
        {
            Handler = handler,
            KeepAlive = keepAlive,
            IsInteractive = isInteractive,
        };

    /// <summary>What is configured for a host on the way: its own lines, and the user and port that ProxyJump names.</summary>
    /// <param name="hop">The host.</param>
    /// <param name="file">The only file to read, or <c>none</c>; null for the usual ones.</param>
    /// <exception cref="ConfigException">Something cannot be read, understood or served.</exception>
    public static HostConfig ConfigurationOf(JumpHost hop, string? file)
    {
        var options = new List<ConfigLine>();
        if (hop.User is { } user)
            options.Add(ConfigLine.Option("ProxyJump", "User", user));
        if (hop.Port is { } port)
            options.Add(ConfigLine.Option("ProxyJump", "Port", port.ToString(CultureInfo.InvariantCulture)));
        return SshConfig.Resolve(new(hop.Host) { Options = [.. options], File = file });
    }

    private Login? Before(ImmutableArray<JumpHost> jumps, ImmutableArray<string> visited)
    {
        if (jumps.IsEmpty)
            return null;
        HostConfig hop = resolve(jumps[^1]);
        if (visited.Contains(Place(hop)) || visited.Length > MostHops)
            throw new ConfigException($"the jump host {hop.Alias} leads to itself: {string.Join(" over ", visited.Add(Place(hop)))} (ProxyJump)");

        // What is written for this destination says how its later hosts are reached; the first one is reached as its own lines say.
        if (jumps.Length > 1)
            hop = hop with { Jumps = jumps[..^1], ProxyCommand = null };
        return new(hop, dialog, logger, Before(hop.Jumps, visited.Add(Place(hop))));
    }

    private static string Place(HostConfig config) => $"{config.User}@{config.HostName}:{config.Port}";
}

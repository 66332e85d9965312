using System.Collections.Immutable;
using Adit.Relay;

namespace Adit.OpenSsh;

/// <summary>What a configuration is asked for.</summary>
/// <param name="Alias">The destination, a host name or what a Host line makes of it.</param>
internal sealed record HostQuery(string Alias)
{
    /// <summary>Options of the command, in their order; user and port of the destination among them.</summary>
    internal ImmutableArray<ConfigLine> Options { get; init; } = [];

    /// <summary>The argument of -F: the only file to read, or <c>none</c>; null for the usual ones.</summary>
    internal string? File { get; init; }

    /// <summary>The command behind the destination; empty for none.</summary>
    internal string Command { get; init; } = "";

    /// <summary>The argument of -W; null for none. It changes what holds for ClearAllForwardings and ExitOnForwardFailure where nobody wrote them.</summary>
    internal Endpoint? StdioForward { get; init; }

    /// <summary>Who connects; null for this process's user.</summary>
    internal LocalUser? Local { get; init; }

    /// <summary>Where the system's ssh_config is.</summary>
    internal string SystemDirectory { get; init; } = "/etc/ssh";
}

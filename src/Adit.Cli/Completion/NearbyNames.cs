using Adit.OpenSsh;

namespace Adit.Cli.Completion;

/// <summary>Names that are known on this machine. They are looked for when they are wanted.</summary>
/// <param name="Hosts">The names of hosts, given the configuration of -F, or null for the usual one.</param>
/// <param name="Tunnels">The numbers and destinations of tunnels that run.</param>
internal sealed record NearbyNames(Func<string?, IEnumerable<string>> Hosts, Func<IEnumerable<string>> Tunnels)
{
    /// <summary>Those of this user's files and processes.</summary>
    internal static NearbyNames Current { get; } = new(
        static file => HostNames.Find(LocalUser.Current(), file),
        static () => OperatingSystem.IsLinux() ? TunnelNames.Find() : []);
}

using System.Collections.Immutable;

namespace Adit.Stunnel;

/// <summary>What an option file or a command line of stunnel says. Immutable.</summary>
/// <param name="Global">What holds for the process.</param>
/// <param name="Services">The sections in their order, or one service without a listener in inetd mode.</param>
/// <param name="Warnings">What a person should hear: each begins with its place, those of options that are ignored come once for each option.</param>
internal sealed record StunnelConfiguration(StunnelGlobal Global, ImmutableArray<StunnelService> Services, ImmutableArray<string> Warnings)
{
    /// <summary>Whether the connection is standard input and output, given by inetd.</summary>
    internal bool IsInetd => Services is [{ IsInetd: true }];
}

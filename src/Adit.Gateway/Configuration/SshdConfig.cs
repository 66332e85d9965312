using System.Collections.Immutable;
using Adit.OpenSsh;

namespace Adit.Gateway.Configuration;

/// <summary>The configuration of a gateway: sshd_config(5) with Adit's own keywords. Immutable and safe to share; to reload is to read another one.</summary>
internal sealed class SshdConfig
{
    private readonly ImmutableArray<SshdLine> _lines;

    private SshdConfig(ImmutableArray<SshdLine> lines, ImmutableArray<string> files)
    {
        _lines = lines;
        Files = files;
        GatewayValues all = new();
        foreach (SshdLine line in lines)
            line.Remember(all);
        Notes =
        [
            .. all.Notes.Distinct(StringComparer.Ordinal),
            .. all.Ignored.Select(ignored => $"{ignored.Value}: {ignored.Key} has no effect in the gateway"),
        ];
    }

    /// <summary>The files that were read.</summary>
    public ImmutableArray<string> Files { get; }

    /// <summary>What the administrator may want to know: keywords and names of algorithms that have no effect, each once.</summary>
    public ImmutableArray<string> Notes { get; }

    /// <summary>Reads and checks the options and the whole file, all Match blocks and included files with it.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <param name="commandLineOptions">Options of the command, in their order.</param>
    /// <exception cref="ConfigException">Something cannot be read, understood or served; the message names the place.</exception>
    public static SshdConfig Read(string? path, IReadOnlyList<ConfigLine> commandLineOptions)
    {
        SshdConfigReader reader = new();
        reader.ReadOptions(commandLineOptions);
        if (path is not null)
            reader.ReadFile(path);
        SshdConfig config = new(reader.Lines, [.. reader.Files]);
        _ = config.Settings(null);
        return config;
    }

    /// <summary>Signature algorithms that PubkeyAcceptedAlgorithms names in the global section or in any Match block.</summary>
    public IReadOnlyList<string> UserKeyAlgorithms(GatewaySettings global)
    {
        HashSet<string> named = [.. global.PubkeyAcceptedAlgorithms];
        foreach (SshdLine line in _lines.Where(static line => line.Block is not null))
        {
            GatewayValues values = new();
            line.Remember(values);
            named.UnionWith(values.PubkeyAcceptedAlgorithms.Or([]));
        }

        return [.. SshdValue.KeyAlgorithms.Where(named.Contains)];
    }

    /// <summary>What holds for a connection.</summary>
    /// <param name="subject">The connection; null for the gateway as a whole.</param>
    /// <remarks>As in sshd, the first value wins within the Match blocks that apply, and those outdo options and global section alike.</remarks>
    public GatewaySettings Settings(ConnectionSubject? subject)
    {
        GatewayValues values = new();
        foreach (SshdLine line in _lines)
        {
            if (line.Block is { } block && !line.IsGlobal && block.Fits(subject))
                line.Remember(values);
        }
        values.EndMatches();
        foreach (SshdLine line in _lines)
        {
            if (line.Block is null or { IsForAll: true })
                line.Remember(values);
        }
        return SettingsOf.Values(values);
    }

    /// <summary>The most channels and sessions that one connection may have, whoever's it is (AditMaxChannels and MaxSessions of any section); null for no limit.</summary>
    public int? MostChannels()
    {
        GatewaySettings global = Settings(null);
        long channels = global.Limits.Channels ?? long.MaxValue;
        long sessions = global.MaxSessions;
        foreach (IGrouping<MatchBlock?, SshdLine> block in _lines.GroupBy(static line => line.Block))
        {
            GatewayValues values = new();
            foreach (SshdLine line in block)
                line.Remember(values);
            channels = Math.Max(channels, values.MaxChannels.Or(global.Limits.Channels) ?? long.MaxValue);
            sessions = Math.Max(sessions, values.MaxSessions.Or(global.MaxSessions));
        }

        return channels == long.MaxValue ? null : (int)Math.Min(channels + sessions, int.MaxValue);
    }
}

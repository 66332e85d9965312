using Adit.Bench.Servers;

namespace Adit.Bench.Connections;

/// <summary>What was measured at one server.</summary>
internal sealed record ServerCost
{
    public required string Server { get; init; }

    public required int Connections { get; init; }

    /// <summary>On each connection.</summary>
    public required int Channels { get; init; }

    public required TimeSpan ConnectTime { get; init; }

    public required TimeSpan OpenTime { get; init; }

    public required TimeSpan UseTime { get; init; }

    public required ProcessMemory Start { get; init; }

    public required ProcessMemory Connected { get; init; }

    public required ProcessMemory Open { get; init; }

    public required ProcessMemory Used { get; init; }

    public required ProcessMemory Gone { get; init; }

    /// <summary>Bytes of PSS.</summary>
    public double PerConnection => (double)(Connected.Pss - Start.Pss) / Connections;

    /// <summary>Bytes of PSS.</summary>
    public double PerChannel => (double)(Open.Pss - Connected.Pss) / Connections / Channels;

    /// <summary>Bytes of PSS, once some bytes went both ways.</summary>
    public double PerUsedChannel => (double)(Used.Pss - Connected.Pss) / Connections / Channels;

    public IReadOnlyDictionary<string, object?> Values() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["server"] = Server,
        ["connections"] = Connections,
        ["channels"] = Channels,
        ["processes"] = Connected.Processes,
        ["connectSeconds"] = ConnectTime.TotalSeconds,
        ["openSeconds"] = OpenTime.TotalSeconds,
        ["useSeconds"] = UseTime.TotalSeconds,
        ["startRss"] = Start.Rss,
        ["startPss"] = Start.Pss,
        ["connectedRss"] = Connected.Rss,
        ["connectedPss"] = Connected.Pss,
        ["openRss"] = Open.Rss,
        ["openPss"] = Open.Pss,
        ["usedRss"] = Used.Rss,
        ["usedPss"] = Used.Pss,
        ["goneRss"] = Gone.Rss,
        ["gonePss"] = Gone.Pss,
        ["pssPerConnection"] = PerConnection,
        ["pssPerChannel"] = PerChannel,
        ["pssPerUsedChannel"] = PerUsedChannel,
    };
}

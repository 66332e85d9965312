using Adit.Bench.Servers;

namespace Adit.Bench.Speed;

/// <summary>What the contenders of a benchmark share, and the contenders themselves.</summary>
internal interface IStage : IDisposable
{
    /// <summary>A folder for the time of the benchmark.</summary>
    ServerFolder Folder { get; }

    /// <summary>All contenders, with the ends of the scale.</summary>
    IReadOnlyList<Contender> All { get; }

    /// <summary>Whether a short round goes before those that count, since what is measured is programs that run for long.</summary>
    bool WarmsUp { get; }

    /// <summary>Has a contender work.</summary>
    /// <param name="contender">What is measured.</param>
    /// <param name="targets">Ports of this machine that it leads to.</param>
    Task<TunnelUnderTest> OpenAsync(Contender contender, IReadOnlyList<int> targets);
}

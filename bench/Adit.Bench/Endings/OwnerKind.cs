namespace Adit.Bench.Endings;

/// <summary>One kind of owner of a tunnel, and how it is killed.</summary>
/// <param name="Name">For the table: what runs, and what is killed of it.</param>
/// <param name="Start">Starts what is killed.</param>
internal sealed record OwnerKind(string Name, Action<EndingRound> Start)
{
    /// <summary>What has to be there before it; awaited, and no part of the time.</summary>
    public Func<EndingRound, Task> Prepare { get; init; } = static _ => Task.CompletedTask;

    /// <summary>The process that is killed; null while there is none.</summary>
    public Func<EndingRound, int?> Victim { get; init; } = static round => round.Started;

    /// <summary>Whether everything stands.</summary>
    public Func<EndingRound, bool> IsOpen { get; init; } = static round => MachineView.IsListening(round.LocalPort);

    /// <summary>The last moment at which it is killed.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromMilliseconds(700);

    /// <summary>Ends in order what is to survive the kill.</summary>
    public Action<EndingRound> Afterwards { get; init; } = static _ => { };
}

namespace Adit.Bench.Endings;

/// <summary>What came of the rounds of one kind.</summary>
/// <param name="Kind">The kind.</param>
internal sealed record EndingTally(OwnerKind Kind)
{
    public int Rounds { get; set; }

    /// <summary>How many were killed before they reached the server, on the way in, and when everything stood.</summary>
    public int Starting { get; set; }

    /// <inheritdoc cref="Starting"/>
    public int LoggingIn { get; set; }

    /// <inheritdoc cref="Starting"/>
    public int Open { get; set; }

    /// <summary>The longest time between the kill and the moment at which nothing was left that runs, listens or is connected.</summary>
    public TimeSpan Worst { get; private set; }

    /// <summary>What was left behind the bound.</summary>
    public List<string> Leftovers { get; } = [];

    /// <summary>The most files and private folders of killed ones that lay there at a time.</summary>
    public int DeadFiles { get; set; }

    /// <summary>Those that were there still when another one had started in their place, and had ended.</summary>
    public List<string> Files { get; } = [];

    /// <summary>Notes a time.</summary>
    public void Took(TimeSpan time)
    {
        if (time > Worst)
            Worst = time;
    }
}

namespace Adit.Bench.Speed;

/// <summary>How long things are measured.</summary>
/// <param name="Rounds">How often each contender has its turn.</param>
/// <param name="Bulk">How long bytes flow.</param>
/// <param name="FarWarmUp">How long they flow before that on a link on which an answer takes its time.</param>
/// <param name="Queries">How long queries are asked.</param>
/// <param name="Pings">How many small questions are asked.</param>
/// <param name="Starts">How many processes are started.</param>
/// <param name="Steady">How long memory is watched while bytes flow.</param>
internal sealed record SpeedOptions(int Rounds, TimeSpan Bulk, TimeSpan FarWarmUp, TimeSpan Queries, int Pings, int Starts, TimeSpan Steady)
{
    public static readonly SpeedOptions Full = new(3, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), 50, 10, TimeSpan.FromSeconds(60));

    public static readonly SpeedOptions Quick = new(1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 5, 3, TimeSpan.FromSeconds(1));

    /// <summary>Before what counts: until what runs often is compiled for it.</summary>
    public static SpeedOptions WarmUp => Quick with { Bulk = TimeSpan.FromSeconds(1) };
}

namespace Adit.Bench.Speed;

/// <summary>How long things are measured.</summary>
/// <param name="Rounds">How often each contender has its turn.</param>
/// <param name="Bulk">How long bytes flow.</param>
/// <param name="Queries">How long queries are asked.</param>
/// <param name="Starts">How many processes are started.</param>
/// <param name="Steady">How long memory is watched while bytes flow.</param>
internal sealed record SpeedOptions(int Rounds, TimeSpan Bulk, TimeSpan Queries, int Starts, TimeSpan Steady)
{
    public static readonly SpeedOptions Full = new(3, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3), 10, TimeSpan.FromSeconds(60));

    public static readonly SpeedOptions Quick = new(1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 4, TimeSpan.FromSeconds(6));
}

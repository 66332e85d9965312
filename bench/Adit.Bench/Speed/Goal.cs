namespace Adit.Bench.Speed;

/// <summary>What is to be reached: a ratio of two contenders in one run, or a value by itself.</summary>
/// <param name="Measure">What is measured.</param>
/// <param name="Of">Whose value.</param>
/// <param name="Beside">Whose value it is divided by; null for itself.</param>
/// <param name="Bound">The least ratio or value, or the most where less is better.</param>
/// <param name="BesideMeasure">The measure of the other one, if it is another one.</param>
internal sealed record Goal(string Measure, Contender Of, Contender? Beside, double Bound, string? BesideMeasure = null)
{
    /// <summary>All goals.</summary>
    public static readonly IReadOnlyList<Goal> All =
    [
        new(Speed.Measure.BulkUp, Contender.Adit, Contender.SshGcm, 1.25),
        new(Speed.Measure.BulkDown, Contender.Adit, Contender.SshGcm, 1.25),
        new(Speed.Measure.BulkUp, Contender.Adit, Contender.Ssh, 2.3),
        new(Speed.Measure.BulkDown, Contender.Adit, Contender.Ssh, 2.3),
        new(Speed.Measure.BulkUp, Contender.AditSshd, Contender.SshGcm, 1.05),
        new(Speed.Measure.BulkDown, Contender.AditSshd, Contender.SshGcm, 1.05),
        new(Speed.Measure.CpuClientUp, Contender.Adit, Contender.SshGcm, 0.85),
        new(Speed.Measure.CpuServerUp, Contender.Adit, Contender.SshGcm, 0.85),
        new(Speed.Measure.CpuClientDown, Contender.Adit, Contender.SshGcm, 0.85),
        new(Speed.Measure.CpuServerDown, Contender.Adit, Contender.SshGcm, 0.85),
        new(Speed.Measure.FarUp, Contender.Adit, Contender.SshGcm, 12),
        new(Speed.Measure.FarDown, Contender.Adit, Contender.SshGcm, 12),
        new(Speed.Measure.FarDown, Contender.AditSshd, Contender.SshGcm, 10),
        new(Speed.Measure.QueriesOne, Contender.Adit, Contender.SshGcm, 1.25),
        new(Speed.Measure.QueriesSixteen, Contender.Adit, Contender.SshGcm, 1.4),
        new(Speed.Measure.NewConnections, Contender.Adit, Contender.SshGcm, 5),
        new(Speed.Measure.NewConnections, Contender.AditSshd, Contender.SshGcm, 3),
        new(Speed.Measure.QueriesBeside, Contender.Adit, Contender.SshGcm, 2.5),
        new(Speed.Measure.BusyLatency, Contender.Adit, Contender.Adit, 2, Speed.Measure.IdleLatency),
        new(Speed.Measure.FirstByte, Contender.Adit, Contender.Ssh, 0.6),
        new(Speed.Measure.IdleMemory, Contender.Adit, null, 45),
        new(Speed.Measure.ConnectionMemory, Contender.Adit, null, 12),
        new(Speed.Measure.Growth, Contender.Adit, null, 4),
        new(Speed.Measure.Served, Contender.Adit, null, 1),
        new(Speed.Measure.Fairness, Contender.Adit, null, 0.8),
    ];

    /// <summary>What was reached; null where it was not measured.</summary>
    public double? Reached(Samples samples) => Beside is null
        ? samples.Median(Measure, Of)
        : samples.Median(Measure, Of) / samples.Median(BesideMeasure ?? Measure, Beside);

    /// <summary>Whether that is enough.</summary>
    public bool IsMet(double reached) => Speed.Measure.IsCost(Measure) ? reached <= Bound : reached >= Bound;
}

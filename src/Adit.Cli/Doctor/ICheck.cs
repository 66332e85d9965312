namespace Adit.Cli.Doctor;

/// <summary>Looks for one kind of finding.</summary>
internal interface ICheck
{
    /// <summary>Looks. What may not be looked at is noted in the inspection, and nothing is changed.</summary>
    ValueTask<IReadOnlyList<Finding>> FindAsync(Inspection inspection, CancellationToken cancellationToken);
}

using System.Runtime.Versioning;

namespace Adit.Cli.Doctor;

/// <summary>Everything that is looked for, and what came of it.</summary>
/// <param name="Findings">What was found.</param>
/// <param name="Unseen">What was not looked at, and why.</param>
/// <param name="IsIncomplete">Whether something of this user's could not be looked at.</param>
[SupportedOSPlatform("linux")]
internal sealed record Examination(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Unseen, bool IsIncomplete)
{
    // Of two that find the same process left running, the first says more.
    private static readonly ICheck[] Checks =
    [
        new ControlMasters(), new AditTunnels(), new DetachedTunnels(), new StaleSockets(), new ExposedListeners(), new ShadowedListeners(),
        new OpenKeys(), new WeakSettings(),
    ];

    /// <summary>Looks for all of it, or for what is about the processes and files that are named.</summary>
    public static async Task<Examination> MakeAsync(Inspection inspection, IReadOnlyCollection<string> named, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        foreach (ICheck check in Checks)
        {
            foreach (Finding finding in await check.FindAsync(inspection, cancellationToken))
            {
                bool isKnown = finding.Kind is FindingKind.LeftRunning && found.Exists(other => other.Kind == finding.Kind && other.Pid == finding.Pid);
                if (!isKnown && (named.Count == 0 || named.Any(finding.IsAbout)))
                    found.Add(finding);
            }
        }

        return new([.. found.OrderBy(static finding => finding.Kind)], inspection.Unseen, inspection.IsIncomplete);
    }
}

using System.Globalization;
using System.Runtime.Versioning;
using Adit.Cli.Tunnels;
using Spectre.Console;

namespace Adit.Cli.Doctor;

/// <summary>Findings for a person: in groups, with colours where the terminal shows them.</summary>
[SupportedOSPlatform("linux")]
internal static class DoctorReport
{
    private static readonly Style Title = new(decoration: Decoration.Bold);
    private static readonly Style Alarm = new(Color.Red);
    private static readonly Style Good = new(Color.Green);
    private static readonly Style Faint = new(decoration: Decoration.Dim);

    /// <summary>Writes them.</summary>
    public static void Write(IAnsiConsole console, Examination examination, DateTimeOffset now)
    {
        foreach (IGrouping<FindingKind, Finding> group in examination.Findings.GroupBy(static finding => finding.Kind))
        {
            Line(console, Heading(group.Key), Title);
            foreach (Finding finding in group)
                Write(console, finding, now);
        }

        foreach (string unseen in examination.Unseen)
            Line(console, $"not looked at: {unseen}", Faint);
        if (examination.Findings.Count == 0)
            Line(console, examination.IsIncomplete ? "nothing found in what could be looked at" : "nothing found", examination.IsIncomplete ? Style.Plain : Good);
    }

    private static string Heading(FindingKind kind) => kind switch
    {
        FindingKind.LeftRunning => "TUNNELS LEFT RUNNING",
        FindingKind.StaleSocket => "STALE CONTROL SOCKETS",
        FindingKind.OpenToOthers => "TUNNELS OPEN TO OTHER MACHINES",
        FindingKind.ShadowedPort => "PORTS OF TWO PROGRAMS",
        FindingKind.OpenKey => "PRIVATE KEYS OPEN TO OTHERS",
        _ => "SETTINGS THAT WEAKEN CONNECTIONS",
    };

    private static void Write(IAnsiConsole console, Finding finding, DateTimeOffset now)
    {
        Line(console, $"  {finding.What}", Alarm);
        if (finding.Since is { } since)
            Line(console, string.Create(CultureInfo.InvariantCulture, $"    since      {since.ToLocalTime():yyyy-MM-dd HH:mm} ({TunnelTable.Age(now - since)})"), Style.Plain);
        Line(console, $"    usable by  {finding.Users}", Style.Plain);
        Line(console, $"    {(finding.Ending is null ? "mend" : "end ")}       {finding.Command}", Style.Plain);
        if (finding.Outcome is { } outcome)
            Line(console, $"    outcome    {outcome}", finding.Ended ? Good : Alarm);
    }

    private static void Line(IAnsiConsole console, string text, Style style)
    {
        console.Write(new Text(text, style));
        console.WriteLine();
    }
}

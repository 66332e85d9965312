using System.Globalization;
using System.Text;

namespace Adit.Bench.Speed;

/// <summary>The ratios of a run as a picture: a bar each, and a mark where it is to reach.</summary>
internal static class SpeedChart
{
    private const int Line = 22;
    private const int Left = 420;
    private const int Width = 900;

    // Where a bar is as long as its goal.
    private const double GoalAt = 300;

    public static string Draw(IReadOnlyList<Goal> goals, Samples samples)
    {
        var text = new StringBuilder();
        int y = 10;
        foreach (Goal goal in goals)
        {
            if (goal.Reached(samples) is not { } reached)
                continue;
            double share = Math.Clamp(reached / goal.Bound, 0, (Width - Left - 60) / GoalAt);
            string color = goal.IsMet(reached) ? "#2e8b57" : "#c0562f";
            string name = $"{goal.Measure} ({goal.Of}{(goal.Beside is null ? string.Empty : $" / {(goal.BesideMeasure is null ? goal.Beside.Name : "idle")}")})";
            text.AppendLine(Invariant($"""<text x="{Left - 8}" y="{y + 14}" text-anchor="end">{name}</text>"""));
            text.AppendLine(Invariant($"""<rect x="{Left}" y="{y + 3}" width="{share * GoalAt:0.0}" height="14" fill="{color}"/>"""));
            text.AppendLine(Invariant($"""<text x="{Left + (share * GoalAt) + 5:0.0}" y="{y + 14}">{reached:0.00}</text>"""));
            y += Line;
        }

        return Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y + 30}" font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{y + 30}" fill="white"/>
            {text}<line x1="{Left + GoalAt}" y1="4" x2="{Left + GoalAt}" y2="{y}" stroke="#333" stroke-dasharray="3 3"/>
            <text x="{Left + GoalAt}" y="{y + 16}" text-anchor="middle">to reach (for costs: at most)</text>
            </svg>

            """);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Runtime.Versioning;
using Adit.Client;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Adit.Cli.Tunnels;

/// <summary>Tunnels as a table: one line for each forward, and with details one for each connection.</summary>
[SupportedOSPlatform("linux")]
internal static class TunnelTable
{
    private const int Kilo = 1024;
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Draws it.</summary>
    public static IRenderable Of(IReadOnlyList<RunningTunnel> tunnels, DateTimeOffset now, bool details)
    {
        if (tunnels.Count == 0)
            return new Text("no tunnels\n");
        Table table = new Table().Border(TableBorder.None).AddColumns("PID", "DESTINATION", "FORWARD", "LISTENING", "ADMITS", "CONNECTIONS", "TO", "FROM", "AGE", "LAST LEG");
        foreach (TableColumn column in table.Columns)
            column.NoWrap().PadRight(2);
        foreach (RunningTunnel tunnel in tunnels)
            Add(table, tunnel.Report, now, details);
        return table;
    }

    /// <summary>How long, in the two largest units that count.</summary>
    public static string Age(TimeSpan age) => age switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalDays}d{age.Hours}h"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalHours}h{age.Minutes:00}m"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalMinutes}m{age.Seconds:00}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (int)age.TotalSeconds)}s"),
    };

    /// <summary>How many bytes, rounded to what people read.</summary>
    public static string Bytes(long bytes)
    {
        double size = bytes;
        int unit = 0;
        while (size >= Kilo && unit < Units.Length - 1)
        {
            size /= Kilo;
            unit++;
        }

        return size < 10 && unit > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{size:0.0} {Units[unit]}")
            : string.Create(CultureInfo.InvariantCulture, $"{size:0} {Units[unit]}");
    }

    private static void Add(Table table, TunnelReport report, DateTimeOffset now, bool details)
    {
        string pid = report.Pid.ToString(CultureInfo.InvariantCulture);
        string destination = report.Up ? report.Destination : $"{report.Destination} (down)";
        string age = Age(now - report.Since);
        if (report.Forwards.Count == 0)
            table.AddRow(Cells(pid, destination, string.Empty, string.Empty, string.Empty, string.Empty, string.Empty, string.Empty, age, string.Empty));
        foreach (ForwardReport forward in report.Forwards)
        {
            table.AddRow(Cells(
                pid,
                destination,
                forward.Asked,
                forward.Listening.Count == 0 ? "waits" : string.Join(' ', forward.Listening),
                Admits(forward),
                forward.Connections.Count.ToString(CultureInfo.InvariantCulture),
                Bytes(forward.Connections.Sum(static connection => connection.BytesToTarget)),
                Bytes(forward.Connections.Sum(static connection => connection.BytesFromTarget)),
                age,
                forward.Plaintext switch { true => "PLAINTEXT", false => "within one machine", null => string.Empty }));
            foreach (ConnectionReport connection in details ? forward.Connections : [])
            {
                table.AddRow(Cells(
                    string.Empty,
                    string.Empty,
                    $"  from {connection.Origin}{(connection.Peer is null ? string.Empty : $" ({connection.Peer})")}",
                    connection.Target is null ? string.Empty : $"to {connection.Target}",
                    string.Empty,
                    string.Empty,
                    Bytes(connection.BytesToTarget),
                    Bytes(connection.BytesFromTarget),
                    Age(now - connection.Since),
                    string.Empty));
            }
        }
    }

    // Who may use it, and how many were turned away.
    private static string Admits(ForwardReport forward)
    {
        string who = forward switch
        {
            { Admits: "any", Exposed: true } => "ANYONE, OTHER MACHINES TOO",
            { Admits: "any" } => "ANYONE HERE",
            _ => forward.Admits ?? string.Empty,
        };
        return forward.Refused == 0 ? who
            : string.Create(CultureInfo.InvariantCulture, $"{who}{(who.Length == 0 ? string.Empty : "; ")}{forward.Refused} refused");
    }

    // What another process says is text, and no markup.
    private static IEnumerable<IRenderable> Cells(params IEnumerable<string> cells) => cells.Select(static cell => new Text(cell));
}

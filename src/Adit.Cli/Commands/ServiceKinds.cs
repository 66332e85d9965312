using Adit.Relay;

namespace Adit.Cli.Commands;

/// <summary>Tells the kind by the usual port, or the usual name of a socket.</summary>
internal static class ServiceKinds
{
    public static ServiceKind Of(Endpoint? target) => target switch
    {
        { IsUnix: true, Path: { } path } => Path.GetFileName(path).StartsWith(".s.PGSQL.", StringComparison.Ordinal) ? ServiceKind.Postgres : ServiceKind.Other,
        { Port: 5432 } => ServiceKind.Postgres,
        { Port: 3306 } => ServiceKind.MySql,
        { Port: 6379 } => ServiceKind.Redis,
        _ => ServiceKind.Other,
    };
}

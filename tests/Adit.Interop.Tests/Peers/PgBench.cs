using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>The real pgbench.</summary>
internal static class PgBench
{
    /// <summary>Fills a database with its tables and runs its transactions over it from several clients at once; gives its report.</summary>
    public static async Task<string> RunAsync(int port, string database, int clients, int transactions)
    {
        await FillAsync(port, database);
        return await TransactAsync(port, database, clients, transactions);
    }

    /// <summary>Fills a database with its tables.</summary>
    public static async Task FillAsync(int port, string database) =>
        await ChildProcess.RunAsync(new(PostgresPeer.Find("pgbench"), ["-i", "-q", .. Server(port), database]));

    /// <summary>Runs its transactions over its tables from several clients at once; gives its report.</summary>
    public static Task<string> TransactAsync(int port, string database, int clients, int transactions) =>
        ChildProcess.RunAsync(new(PostgresPeer.Find("pgbench"),
        [
            "-n", "-c", clients.ToString(CultureInfo.InvariantCulture), "-t", transactions.ToString(CultureInfo.InvariantCulture), .. Server(port), database,
        ]));

    private static string[] Server(int port) => ["-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", PostgresPeer.TrustedUser];
}

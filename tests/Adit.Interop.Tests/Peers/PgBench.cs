using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>The real pgbench.</summary>
internal static class PgBench
{
    /// <summary>Fills a database with its tables and runs its transactions over it from several clients at once; gives its report.</summary>
    public static async Task<string> RunAsync(int port, string database, int clients, int transactions)
    {
        string[] server = ["-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-U", PostgresPeer.TrustedUser];
        var program = PostgresPeer.Find("pgbench");
        await ChildProcess.RunAsync(new(program, ["-i", "-q", .. server, database]));
        return await ChildProcess.RunAsync(new(program,
        [
            "-n", "-c", clients.ToString(CultureInfo.InvariantCulture), "-t", transactions.ToString(CultureInfo.InvariantCulture), .. server, database,
        ]));
    }
}

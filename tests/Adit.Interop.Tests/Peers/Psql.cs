using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>The real psql.</summary>
internal static class Psql
{
    /// <summary>Runs one statement and gives its bare output.</summary>
    /// <param name="host">A name, an address or the folder of a socket.</param>
    public static async Task<string> RunAsync(string host, int port, string user, string sql, string database = "postgres", string? password = null)
    {
        var output = await ChildProcess.RunAsync(Start(host, port, user, sql, database, password));
        return output.Trim();
    }

    public static ChildProcessStart Start(string host, int port, string user, string sql, string database = "postgres", string? password = null) =>
        new(PostgresPeer.Find("psql"), "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1",
            "-h", host, "-p", port.ToString(CultureInfo.InvariantCulture), "-U", user, "-c", sql, database)
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["PGPASSWORD"] = password,
                ["PGPASSFILE"] = "/nonexistent",
                ["PGCONNECT_TIMEOUT"] = "20",
            },
        };
}

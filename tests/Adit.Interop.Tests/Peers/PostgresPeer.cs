using System.Globalization;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

/// <summary>
/// A real PostgreSQL on a loopback port and a Unix socket. <see cref="TrustedUser"/> needs no password over TCP, <see cref="ScramUser"/> does.
/// </summary>
internal sealed class PostgresPeer : IAsyncDisposable
{
    public const string TrustedUser = "postgres";
    public const string ScramUser = "miner";
    public const string ScramPassword = "pit-prop";

    private static readonly Lazy<Task<PostgresPeer>> Shared = new(static () => StartAsync());

    private readonly ChildProcess _process;
    private readonly string _folder;

    private PostgresPeer(ChildProcess process, string folder, int port) => (_process, _folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>The folder of the socket, as a client's <c>-h</c> or <c>Host=</c> takes it.</summary>
    public string SocketFolder => _folder;

    public string SocketPath => Path.Combine(_folder, $".s.PGSQL.{Port.ToString(CultureInfo.InvariantCulture)}");

    public string Log => _process.Log;

    /// <summary>The one of this test process, started when first asked for; it ends with the process.</summary>
    public static Task<PostgresPeer> SharedAsync() => Shared.Value;

    /// <summary>Starts one.</summary>
    /// <param name="options">What it has besides.</param>
    public static async Task<PostgresPeer> StartAsync(PostgresOptions? options = null)
    {
        options ??= new();
        var folder = RunFolder.Create("postgres");
        var data = Path.Combine(folder, "data");
        string[] owner = [];
        if (TestUser.IsRoot)
        {
            var user = await OwnerAsync();
            owner = ["--reuid", user, "--regid", user, "--init-groups"];
            await ChildProcess.RunAsync(new("chown", user, folder));
        }
        await ChildProcess.RunAsync(new(Find("initdb"), "-D", data, "-U", TrustedUser, "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync") { Privileges = owner });
        await WriteAsync("pg_hba.conf", string.Join('\n', (string[])
        [
            .. options.Access,
            "local all all trust",
            $"host all {ScramUser} 127.0.0.1/32 scram-sha-256",
            $"host all {TrustedUser} 127.0.0.1/32 trust",
            "",
        ]));
        string[] settings = [];
        if (options.Ssl is { } ssl)
        {
            await WriteAsync("server.crt", ssl.Certificate);
            await WriteAsync("server.key", ssl.Key);
            await ChildProcess.RunAsync(new("chmod", "600", Path.Combine(data, "server.key")));
            settings = ["-c", "ssl=on"];
        }

        Task WriteAsync(string name, string text) => ChildProcess.RunAsync(new("tee", Path.Combine(data, name)) { Privileges = owner }, text);

        for (var attempt = 1; ; attempt++)
        {
            var port = LoopbackPort.Free();
            var process = await ChildProcess.StartAsync(new(Find("postgres"),
            [
                "-D", data, "-k", folder, "-p", port.ToString(CultureInfo.InvariantCulture), "-c", $"listen_addresses={options.ListenAddresses}", .. settings,
                "-c", "fsync=off", "-c", "max_connections=300", "-c", "shared_buffers=16MB", "-c", "log_connections=on", "-c", "logging_collector=off",
            ])
            { Privileges = owner });
            var answer = await process.Error.FindAsync("ready to accept connections|could not bind").WithinAsync("postgres should start", () => process.Log);
            if (answer is { Value: "ready to accept connections" })
            {
                var postgres = new PostgresPeer(process, folder, port);
                await Psql.RunAsync(folder, port, TrustedUser, $"create role {ScramUser} login password '{ScramPassword}'");
                return postgres;
            }
            await using (process)
            {
                if (answer is null || attempt == 5)
                    throw new XunitException($"postgres does not start\n{process.Log}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        RunFolder.Remove(_folder);
    }

    /// <summary>A program of the newest PostgreSQL here; Debian keeps those of the server out of the PATH.</summary>
    public static string Find(string program)
    {
        const string Debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(Debian)
            ? Directory.EnumerateDirectories(Debian).OrderByDescending(static folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0).Select(static folder => Path.Combine(folder, "bin"))
            : [];
        return folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists) ?? throw new XunitException($"{program} is not installed");
    }

    // PostgreSQL refuses to run as root.
    private static async Task<string> OwnerAsync() =>
        (await File.ReadAllLinesAsync("/etc/passwd")).Any(static line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody";
}

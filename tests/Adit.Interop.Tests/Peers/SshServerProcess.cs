using System.Globalization;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

/// <summary>A server that reads sshd_config, on a loopback port of its own, with nothing of the system's configuration.</summary>
internal sealed class SshServerProcess : IAsyncDisposable
{
    private const int Attempts = 5;

    private readonly SshdOptions _options;

    private SshServerProcess(SshdOptions options, IReadOnlyList<KeyPair> hostKeys) =>
        (_options, HostKeys, Port) = (options, hostKeys, options.Port ?? LoopbackPort.Free());

    public ChildProcess Process { get; private set; } = null!;

    public int Port { get; }

    public IReadOnlyList<KeyPair> HostKeys { get; }

    public string Folder { get; } = RunFolder.Create("server");

    public string PidFile => Path.Combine(Folder, "pid");

    private string ConfigPath => Path.Combine(Folder, "sshd_config");

    private string AuthorizedKeysPath => Path.Combine(Folder, "authorized_keys");

    /// <param name="options">Its configuration.</param>
    /// <param name="start">Starts the program with this file of configuration, logging to standard error.</param>
    public static async Task<SshServerProcess> StartAsync(SshdOptions options, Func<string, Task<ChildProcess>> start)
    {
        var hostKeys = await Task.WhenAll(options.HostKeys.Select(type => KeyPair.GetAsync(type, options.HostKeyName)));
        var authorized = options.AuthorizedKeys ?? [(await SshClientFiles.UserKeyAsync()).PublicLine];
        for (var attempt = 1; ; attempt++)
        {
            var server = new SshServerProcess(options, hostKeys);
            await File.WriteAllLinesAsync(server.AuthorizedKeysPath, authorized);
            await server.ConfigureAsync(options.Config);
            var process = server.Process = await start(server.ConfigPath);
            var answer = await process.Error.FindAsync("Server listening on|Cannot bind any address|[Aa]lready in use")
                .WithinAsync($"{process.Name} should listen", () => process.Log);
            if (answer is { Value: "Server listening on" })
                return server;
            await using (server)
            {
                if (answer is null || attempt == Attempts)
                    throw new XunitException($"{process.Name} does not start\n{process.Log}");
            }
        }
    }

    /// <summary>Writes sshd_config anew. The given lines come first, as the first value of a keyword counts, but Match blocks last.</summary>
    public async Task ConfigureAsync(IReadOnlyList<string> lines)
    {
        var match = lines.TakeWhile(static line => !line.StartsWith("Match ", StringComparison.Ordinal)).Count();
        await File.WriteAllLinesAsync(ConfigPath,
        [
            .. lines.Take(match),
            "ListenAddress 127.0.0.1",
            $"Port {Port.ToString(CultureInfo.InvariantCulture)}",
            .. HostKeys.Select(static key => $"HostKey {key.PrivatePath}"),
            $"AuthorizedKeysFile {AuthorizedKeysPath}",
            $"PidFile {PidFile}",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "MaxStartups 300",
            "LogLevel DEBUG1",
            .. _options.Defaults,
            .. lines.Skip(match),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        RunFolder.Remove(Folder);
    }
}

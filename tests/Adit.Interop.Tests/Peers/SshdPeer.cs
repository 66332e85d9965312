using System.Globalization;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

internal sealed record SshdOptions
{
    /// <summary>Lines of sshd_config. They come first, and sshd takes the first value of a keyword.</summary>
    public IReadOnlyList<string> Config { get; init; } = [];

    /// <summary>As <see cref="KeyPair.GetAsync"/> names them.</summary>
    public IReadOnlyList<string> HostKeys { get; init; } = ["ed25519", "ecdsa-256", "rsa-2048"];

    /// <summary>Lines of authorized_keys; those of the user keys of the tests when null.</summary>
    public IReadOnlyList<string>? AuthorizedKeys { get; init; }
}

/// <summary>The real sshd on a port of its own, with nothing of the system's configuration.</summary>
internal sealed class SshdPeer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private SshdPeer(ChildProcess process, string folder, int port, IReadOnlyList<KeyPair> hostKeys) =>
        (_process, _folder, Port, HostKeys) = (process, folder, port, hostKeys);

    public int Port { get; }

    public IReadOnlyList<KeyPair> HostKeys { get; }

    public string Log => _process.Log;

    /// <summary>What sshd and its session processes log, at DEBUG1.</summary>
    public Transcript Messages => _process.Error;

    /// <summary>One connection is one direct child; with privilege separation it has a child of its own.</summary>
    public int Connections => ProcessTree.All().Count(entry => entry.ParentPid == _process.Pid && entry.State != 'Z');

    public static async Task<SshdPeer> StartAsync(SshdOptions? options = null)
    {
        options ??= new();
        if (TestUser.IsRoot)
            Directory.CreateDirectory("/run/sshd", (UnixFileMode)0b111_101_101);
        var hostKeys = await Task.WhenAll(options.HostKeys.Select(static type => KeyPair.GetAsync(type, "host")));
        var authorized = options.AuthorizedKeys ?? [(await SshClientFiles.UserKeyAsync()).PublicLine];

        for (var attempt = 1; ; attempt++)
        {
            var folder = RunFolder.Create("sshd");
            var port = LoopbackPort.Free();
            var authorizedKeys = Path.Combine(folder, "authorized_keys");
            var config = Path.Combine(folder, "sshd_config");
            await File.WriteAllLinesAsync(authorizedKeys, authorized);
            await File.WriteAllLinesAsync(config,
            [
                .. options.Config,
                "ListenAddress 127.0.0.1",
                $"Port {port.ToString(CultureInfo.InvariantCulture)}",
                .. hostKeys.Select(static key => $"HostKey {key.PrivatePath}"),
                $"AuthorizedKeysFile {authorizedKeys}",
                $"PidFile {Path.Combine(folder, "pid")}",
                "StrictModes no",
                "UsePAM no",
                "PermitRootLogin yes",
                "PasswordAuthentication no",
                "KbdInteractiveAuthentication no",
                "MaxSessions 300",
                "MaxStartups 300",
                "LogLevel DEBUG1",
            ]);
            var process = await ChildProcess.StartAsync(new(Find(), "-D", "-e", "-f", config));
            var answer = await process.Error.FindAsync("Server listening on|Cannot bind any address").WithinAsync("sshd should listen", () => process.Log);
            if (answer is { Value: "Server listening on" })
                return new SshdPeer(process, folder, port, hostKeys);
            await using (process)
            {
                RunFolder.Remove(folder);
                if (answer is null || attempt == 5)
                    throw new XunitException($"sshd does not start\n{process.Log}");
            }
        }
    }

    /// <summary>Ends every connection without a word, as a crash or a pulled cable with a reset would.</summary>
    public void KillConnections()
    {
        foreach (var session in ProcessTree.Descendants(_process.Pid))
            ProcessTree.KillIfAlive(session);
    }

    /// <summary>Ends sshd with all its connections.</summary>
    public async Task KillAsync() => await _process.DisposeAsync();

    /// <summary>Waits for a line that tells of this event.</summary>
    public Task LoggedAsync(string pattern) => _process.ErrorAsync(pattern);

    public Task UntilNoConnectionAsync() =>
        Patience.UntilAsync(() => Connections == 0, "sshd should have no connection left", () => Log);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        RunFolder.Remove(_folder);
    }

    // sshd insists on being started by its absolute path.
    private static string Find() =>
        new[] { "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd" }.FirstOrDefault(File.Exists)
        ?? throw new XunitException("sshd is not installed");
}

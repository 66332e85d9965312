using System.Runtime.InteropServices;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

/// <summary>
/// The server under test: <c>adit gateway</c>. <c>ADIT_TEST_SERVER</c> may name another program in its place: with <c>/usr/sbin/sshd</c>
/// the tests show what they expect of the yardstick itself.
/// </summary>
internal sealed class ServerPeer : IAsyncDisposable
{
    private static readonly string? Other = Environment.GetEnvironmentVariable("ADIT_TEST_SERVER") is { Length: > 0 } program ? program : null;

    private readonly SshServerProcess _server;

    private ServerPeer(SshServerProcess server, SshClientFiles client) => (_server, Client) = (server, client);

    /// <summary>Whether the gateway is under test, and not a yardstick.</summary>
    public static bool IsGateway => Other is null;

    public int Port => _server.Port;

    public int Pid => _server.Process.Pid;

    public IReadOnlyList<KeyPair> HostKeys => _server.HostKeys;

    /// <summary>Those of a client that knows its host keys.</summary>
    public SshClientFiles Client { get; }

    /// <summary>A folder that goes with the server.</summary>
    public string Folder => _server.Folder;

    public string PidFile => _server.PidFile;

    public string Log => _server.Process.Log;

    /// <summary>What it logs, at DEBUG1.</summary>
    public Transcript Messages => _server.Process.Error;

    public static Task<ServerPeer> StartAsync(SshdOptions? options = null) => StartAsync(Other, options);

    /// <summary>Starts one of the two, whatever is under test.</summary>
    /// <param name="kind"><c>sshd</c> or <c>gateway</c>.</param>
    /// <param name="options">Its configuration.</param>
    public static Task<ServerPeer> StartKindAsync(string kind, SshdOptions? options = null) => kind switch
    {
        "sshd" => StartAsync(SshdPeer.Find(), options),
        "gateway" => StartAsync((string?)null, options),
        _ => throw new XunitException($"no server is called {kind}"),
    };

    private static async Task<ServerPeer> StartAsync(string? program, SshdOptions? options)
    {
        var server = await SshServerProcess.StartAsync(options ?? new(), config => StartAsync(program, config));
        var client = await SshClientFiles.CreateAsync(server.Port);
        client.Know(server.HostKeys);
        return new(server, client);
    }

    /// <summary>Waits for a line that tells of this event.</summary>
    public Task LoggedAsync(string pattern) => _server.Process.ErrorAsync(pattern);

    /// <summary>Writes the lines that the options gave anew; they count from the next <see cref="Reload"/> on.</summary>
    public Task ConfigureAsync(params IReadOnlyList<string> lines) => _server.ConfigureAsync(lines);

    /// <summary>Tells it to read its configuration again.</summary>
    public void Reload() => _server.Process.Signal(PosixSignal.SIGHUP);

    /// <summary>Tells it to end.</summary>
    public void Terminate() => _server.Process.Signal(PosixSignal.SIGTERM);

    /// <summary>Waits for its end.</summary>
    public Task<int> ExitAsync() => _server.Process.ExitAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
    }

    private static async Task<ChildProcess> StartAsync(string? program, string config) => program is null
        ? await ChildProcess.StartAsync(new(await AditProcess.BuiltAsync(), "gateway", "-f", config, "-D", "-e"))
        : await SshdPeer.StartAsync(program, config);
}

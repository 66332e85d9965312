using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;

namespace Adit.Bench.Servers;

/// <summary>An SSH server under test: a child process of this one.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int MostLines = 1000;
    private const string Listening = "Server listening on";

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(string name, int port, Process process)
    {
        Name = name;
        Port = port;
        _process = process;
    }

    public string Name { get; }

    public int Port { get; }

    public int Pid => _process.Id;

    /// <summary>The last lines that it has written on standard error.</summary>
    public IReadOnlyCollection<string> Log => _log;

    /// <summary>Called for each line on standard error, one at a time.</summary>
    public Action<string>? LineWritten { get; set; }

    /// <summary>Starts ./adit gateway of a checkout.</summary>
    /// <param name="root">The checkout.</param>
    /// <param name="folder">Its keys and users.</param>
    /// <param name="config">Further lines of its configuration.</param>
    public static Task<ServerProcess> GatewayAsync(string root, ServerFolder folder, params IEnumerable<string> config)
    {
        string port = ServerFolder.FreePort();
        string file = folder.Write(
            "gateway.conf",
            [.. config, .. Common(port, folder), $"AuthorizedKeysFile {folder.Users}/%u", "PerSourcePenalties no"]);
        return StartAsync("gateway", port, Listening, Path.Combine(root, "adit"), "gateway", "-f", file);
    }

    /// <summary>Starts the real sshd, for the user who runs this.</summary>
    public static Task<ServerProcess> SshdAsync(ServerFolder folder)
    {
        const string Program = "/usr/sbin/sshd";
        if (!File.Exists(Program))
            throw new BenchException($"{Program} is missing; install openssh-server, or leave it out with --sshd-connections 0");
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd");
        string port = ServerFolder.FreePort();
        string file = folder.Write(
            "sshd_config",
            [.. Common(port, folder), $"AuthorizedKeysFile {folder.Users}/{Environment.UserName}", "PidFile none", "UsePAM no", "PermitRootLogin yes"]);
        return StartAsync("sshd", port, Listening, Program, "-D", "-e", "-f", file);
    }

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="ready">What it says on standard error when it does.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<ServerProcess> StartAsync(string name, string port, string ready, string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true };
        var server = new ServerProcess(name, int.Parse(port, CultureInfo.InvariantCulture), Process.Start(info)!);
        _ = server.ReadAsync(ready);
        if (await Task.WhenAny(server._listening.Task, Task.Delay(StartTime)) != server._listening.Task || server._process.HasExited)
            throw new BenchException($"{name} does not start:\n{string.Join('\n', server.Log)}");
        return server;
    }

    /// <summary>The memory of the process and all that it started.</summary>
    public ProcessMemory Memory() => ProcessMemory.OfTree(_process.Id);

    /// <summary>Dials it, without a word of SSH.</summary>
    public async Task<NetworkStream> DialAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Logs in with a key, and accepts no host key but the server's own.</summary>
    public async Task<SshConnection> ConnectAsync(ServerFolder folder, string user)
    {
        string known = folder.HostKeyLine();
        return await SshClient.ConnectAsync(await DialAsync(), new SshClientOptions
        {
            User = user,
            VerifyHostKey = (key, _) => key.ToString() == known ? default : throw new BenchException("somebody else's host key"),
            Authentication = [new PublicKeyMethod([folder.Key(user)])],
        });
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static IEnumerable<string> Common(string port, ServerFolder folder) =>
    [
        $"Port {port}",
        "ListenAddress 127.0.0.1",
        $"HostKey {folder.HostKeyFile}",
        "StrictModes no",
        "MaxStartups 1000",
    ];

    private async Task ReadAsync(string ready)
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            _log.Enqueue(line);
            if (_log.Count > MostLines)
                _log.TryDequeue(out _);
            LineWritten?.Invoke(line);
            if (line.Contains(ready, StringComparison.Ordinal))
                _listening.TrySetResult();
        }

        _listening.TrySetResult();
    }
}

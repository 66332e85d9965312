using System.Globalization;

namespace Adit.Interop.Tests.Peers;

/// <summary>A real proxy on this machine: tinyproxy for <c>http</c>, microsocks for <c>socks5</c>.</summary>
internal sealed class ProxyPeer : IAsyncDisposable
{
    private readonly string _kind;
    private readonly ChildProcess _process;

    private ProxyPeer(string kind, ChildProcess process, int port) => (_kind, _process, Port) = (kind, process, port);

    public int Port { get; }

    public int Pid => _process.Pid;

    public string Log => _process.Log;

    /// <summary>Starts one.</summary>
    /// <param name="kind">As in a URL.</param>
    /// <param name="login">User and password, with a colon between them; empty for a proxy that wants none.</param>
    /// <param name="permitted">The only port that it connects to, where it is tinyproxy; null for all.</param>
    public static async Task<ProxyPeer> StartAsync(string kind, string login = "", int? permitted = null)
    {
        var port = LoopbackPort.Free();
        var process = await ChildProcess.StartAsync(kind is "http" ? Tinyproxy(port, login, permitted) : Microsocks(port, login));
        await LoopbackPort.UntilListeningAsync(port, process);
        return new(kind, process, port);
    }

    /// <summary>Its URL with this login.</summary>
    public string Url(string login = "") => string.Create(CultureInfo.InvariantCulture, $"{_kind}://{(login.Length > 0 ? login + "@" : "")}127.0.0.1:{Port}");

    /// <summary>Waits until it says that it was asked for this target.</summary>
    public Task AskedAsync(string target) => _kind is "http" ? _process.OutputAsync($"CONNECT {target} HTTP") : _process.ErrorAsync($"connected to {target}");

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static ChildProcessStart Tinyproxy(int port, string login, int? permitted)
    {
        var file = Path.Combine(RunFolder.Create("tinyproxy"), "tinyproxy.conf");
        List<string> lines = [string.Create(CultureInfo.InvariantCulture, $"Port {port}"), "Listen 127.0.0.1", "LogLevel Connect", "Timeout 60", "MaxClients 20"];
        if (login.Length > 0)
            lines.Add($"BasicAuth {login.Replace(':', ' ')}");
        if (permitted is { } only)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"ConnectPort {only}"));
        File.WriteAllLines(file, lines);
        return new("tinyproxy", "-d", "-c", file);
    }

    private static ChildProcessStart Microsocks(int port, string login) => new(
        "microsocks",
        [
            "-i", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture),
            .. login.Split(':') is [var user, var password] ? (string[])["-u", user, "-P", password] : [],
        ]);
}

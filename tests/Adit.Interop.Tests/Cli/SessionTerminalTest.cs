using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>A session that a person has at a terminal.</summary>
public abstract class SessionTerminalTest(ITestOutputHelper output) : TunnelTest(output)
{
    /// <summary>The prompt of <see cref="ShellAsync"/>.</summary>
    internal const string RemotePrompt = "^there> ";

    internal async Task<SessionTerminal> StartTerminalAsync(int columns = 100, int rows = 30)
    {
        var terminal = await SessionTerminal.StartAsync(columns, rows);
        return Own(terminal, () => terminal.Log);
    }

    /// <summary>The path of a script for the server, which is this machine.</summary>
    internal static async Task<string> ScriptAsync(string text)
    {
        var path = Path.Combine(RunFolder.Create("script"), "script");
        await File.WriteAllTextAsync(path, text + "\n");
        return path;
    }

    /// <summary>Logs in to a shell whose prompt is the same for every user, and waits for it.</summary>
    internal async Task<SessionTerminal> ShellAsync(SshClientFiles files, params IReadOnlyList<string> options)
    {
        var terminal = await StartTerminalAsync();
        var script = await ScriptAsync("unset ENV; PS1='there> ' exec /bin/sh -i");
        await terminal.RunAsync(["-F", files.ConfigPath, .. options, "-t", SshClientFiles.Alias, $"exec sh {script}"]);
        await terminal.ShowsAsync(RemotePrompt);
        return terminal;
    }

    /// <summary>Connects to an echo service through a forward of the session, and waits until it is reached.</summary>
    internal static async Task<TcpClient> ConnectAsync(SessionTerminal terminal, TcpService echo, int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await echo.FirstConnection.WithinAsync("the target should be reached", () => terminal.Log);
        return client;
    }

    internal static async Task AssertGoesOnAsync(SessionTerminal terminal, TcpClient client)
    {
        await client.GetStream().WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await client.GetStream().ReadAsync(new byte[1]).AsTask().WithinAsync("the connection should go on", () => terminal.Log));
    }
}

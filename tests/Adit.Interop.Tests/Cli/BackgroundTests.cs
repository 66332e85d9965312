using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-f: the command returns when all is ready, and a process stays that serves.</summary>
public sealed class BackgroundTests(ITestOutputHelper output) : ForwardTest(output)
{
    // Should this test process be killed, what it left in the background is not to stay for ever.
    private static readonly string[] Mortal = AditProcess.IsAdit ? ["-o", "AditLifetime=60"] : [];

    [Fact]
    public async Task Every_forward_is_up_when_the_command_has_returned_0()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free(), socks = LoopbackPort.Free();

        var adit = await StartAsync(server, "-o", "ExitOnForwardFailure=yes", "-N",
            "-L", $"{local}:127.0.0.1:{echo.Port}", "-R", $"{remote}:127.0.0.1:{echo.Port}", "-D", $"{socks}");

        Assert.Equal(0, await adit.ExitAsync());
        Assert.True(LoopbackPort.IsListening(remote), adit.Log);
        await using var background = new BackgroundProcess(LoopbackPort.Listener(local));
        Assert.NotEqual(adit.Pid, background.Pid);
        Assert.Equal(background.Pid, LoopbackPort.Listener(socks).Pid);
        await Bulk.EchoAsync(local);
        await Bulk.EchoAsync(remote);

        ProcessTree.KillIfAlive(LoopbackPort.Listener(local));
        await LoopbackPort.UntilClosedAsync(local);
        await LoopbackPort.UntilClosedAsync(remote);
    }

    [AditFact]
    public async Task The_process_that_stays_is_named()
    {
        var server = await StartServerAsync("sshd");
        var port = LoopbackPort.Free();

        var adit = await StartAsync(server, "-N", "-L", $"{port}:localhost:80");

        Assert.Equal(0, await adit.ExitAsync());
        await using var background = new BackgroundProcess(LoopbackPort.Listener(port));
        Assert.Contains($"in the background as process {background.Pid}", adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_reads_its_output_is_not_kept_waiting()
    {
        var server = await StartServerAsync("sshd");
        var port = LoopbackPort.Free();

        var adit = await StartAsync(server, "-N", "-L", $"{port}:localhost:80");

        Assert.Equal(0, await adit.ExitAsync());
        await using var background = new BackgroundProcess(LoopbackPort.Listener(port));
        await adit.Output.Ended.WithinAsync("standard output should be closed", () => adit.Log);
    }

    [Fact]
    public async Task The_command_does_not_return_before_login()
    {
        var sshd = await StartSshdAsync();
        var opened = new TaskCompletionSource();
        await using var gate = TcpService.Gate(sshd.Port, opened.Task);
        using var files = await SshClientFiles.CreateAsync(gate.Port, "HostKeyAlias gated");
        await File.WriteAllLinesAsync(files.KnownHostsPath, sshd.HostKeys.Select(static key => $"gated {key.PublicLine}"));
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync(["-F", files.ConfigPath, .. Mortal, "-f", .. Arguments(files, port, "localhost:80")[2..]]);
        await gate.FirstConnection.WithinAsync("the server should be reached", () => adit.Log);
        Assert.False(adit.HasExited);
        Assert.False(LoopbackPort.IsListening(port));

        opened.SetResult();
        Assert.Equal(0, await adit.ExitAsync());
        await using var background = new BackgroundProcess(LoopbackPort.Listener(port));
    }

    [Theory]
    [InlineData("-R")]
    [InlineData("-L")]
    public async Task A_forward_that_fails_returns_255_and_leaves_nothing_behind(string direction)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync(["-F", files.ConfigPath, .. Mortal, "-f", "-N", "-o", "ExitOnForwardFailure=yes",
            direction, $"127.0.0.1:{echo.Port}:localhost:80", SshClientFiles.Alias]);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains($"{echo.Port}", adit.Error.Text, StringComparison.Ordinal);
        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    public async Task A_login_that_fails_returns_255()
    {
        var server = await StartServerAsync("sshd");

        var adit = await StartAsync(server, "-N", "-l", "nobody-here", "-o", "BatchMode=yes", "-L", $"{LoopbackPort.Free()}:localhost:80");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)denied|refused", adit.Error.Text);
    }

    [Fact]
    public async Task With_a_command_it_stays_until_the_command_and_all_connections_have_ended()
    {
        var server = await StartServerAsync("sshd", "LogLevel VERBOSE");
        await using var echo = TcpService.Echo();
        string mark = Path.Combine(server.Folder, "mark"), done = Path.Combine(server.Folder, "done");
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync(["-F", server.Client.ConfigPath, .. Mortal, "-f", "-L", $"{port}:127.0.0.1:{echo.Port}", SshClientFiles.Alias,
            $"until [ -e {mark} ]; do sleep 0.05; done; touch {done}"]);
        Assert.Equal(0, await adit.ExitAsync());
        await using var background = new BackgroundProcess(LoopbackPort.Listener(port));
        using var client = await ServerTest.DialAsync(port);
        await ServerTest.ExchangeAsync(client);

        await File.WriteAllTextAsync(mark, "");
        await Patience.UntilAsync(() => File.Exists(done), "the command should end", () => adit.Log);
        await ServerTest.ExchangeAsync(client);
        Assert.False(background.HasExited);

        client.Shutdown(SocketShutdown.Both);
        await background.UntilExitAsync();
    }

    private Task<ChildProcess> StartAsync(ServerPeer server, params IReadOnlyList<string> options) =>
        StartAditAsync(["-F", server.Client.ConfigPath, .. Mortal, "-f", .. options, SshClientFiles.Alias]);
}

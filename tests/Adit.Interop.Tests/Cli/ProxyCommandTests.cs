using System.Diagnostics;
using System.Runtime.InteropServices;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>ProxyCommand: another program makes the connection.</summary>
public sealed class ProxyCommandTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Theory]
    [InlineData("nc %h %p")]
    [InlineData("socat - TCP:%h:%p")]
    public async Task A_tunnel_goes_through_it_and_it_ends_with_the_tunnel(string command)
    {
        var sshd = await StartSshdAsync();
        await using var sink = TcpService.Checksum();
        using var files = await SshClientFiles.CreateAsync(sshd, $"ProxyCommand {command}");
        var tunnel = await OpenTunnelAsync(files, sink.Port);
        await Bulk.SendAsync(tunnel.Port, 4_000_000);
        var proxies = ProcessTree.Descendants(tunnel.Adit.Pid);
        Assert.NotEmpty(proxies);

        tunnel.Adit.Signal(PosixSignal.SIGTERM);

        await tunnel.Adit.ExitAsync();
        await UntilGoneAsync(proxies);
    }

    [Fact]
    public async Task It_ends_when_the_connection_does()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd, "ProxyCommand socat - TCP:%h:%p");
        var tunnel = await OpenTunnelAsync(files, 9, AditProcess.WithoutReconnect);
        var proxies = ProcessTree.Descendants(tunnel.Adit.Pid);

        sshd.KillConnections();

        Assert.Equal(ConnectionFailed, await tunnel.Adit.ExitAsync());
        await UntilGoneAsync(proxies);
    }

    [Fact]
    public async Task The_end_of_it_is_the_end_of_the_connection()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd, "ProxyCommand nc %h %p");
        var tunnel = await OpenTunnelAsync(files, 9, AditProcess.WithoutReconnect);

        foreach (var proxy in ProcessTree.Descendants(tunnel.Adit.Pid))
            ProcessTree.KillIfAlive(proxy);

        Assert.Equal(ConnectionFailed, await tunnel.Adit.ExitAsync());
    }

    [AditFact]
    public async Task It_runs_again_when_the_connection_is_made_again()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, "ProxyCommand socat - TCP:%h:%p");
        var tunnel = await OpenTunnelAsync(files, echo.Port);
        var first = Assert.Single(ProcessTree.Descendants(tunnel.Adit.Pid));

        sshd.KillConnections();

        await tunnel.Adit.ErrorAsync("connected to peer again");
        await Bulk.EchoAsync(tunnel.Port);
        Assert.NotEqual(first.Pid, Assert.Single(ProcessTree.Descendants(tunnel.Adit.Pid)).Pid);
    }

    [Fact]
    public async Task A_stock_ssh_is_one()
    {
        var jump = await StartSshdAsync();
        var inner = await StartSshdAsync(new() { HostKeyName = "inner" });
        await using var echo = TcpService.Echo();
        using var jumpFiles = await SshClientFiles.CreateAsync(jump);
        using var files = await SshClientFiles.CreateAsync(inner, $"ProxyCommand ssh -F {jumpFiles.ConfigPath} -W %h:%p {SshClientFiles.Alias}");

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);
        await jump.LoggedAsync($"target 127.0.0.1 port {inner.Port}");
    }

    [Fact]
    public async Task Its_words_on_stderr_are_visible_and_its_tokens_are_replaced()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd, "ProxyCommand sh -c 'echo \"to %h %p for %r as %n, 100%%\" >&2; exec nc %h %p'");

        var tunnel = await OpenTunnelAsync(files, 9);

        await tunnel.Adit.ErrorAsync($"to 127.0.0.1 {sshd.Port} for {TestUser.Name} as {SshClientFiles.Alias}, 100%");
    }

    [Theory]
    [InlineData("false")]
    [InlineData("sh -c 'echo no way >&2; exit 3'")]
    [InlineData("/nonexistent/proxy")]
    [InlineData("echo this is no SSH server")]
    public async Task Its_failure_returns_255(string command)
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free(), $"ProxyCommand {command}");

        var adit = await FailToOpenAsync(files);

        Assert.NotEmpty(adit.Error.Text);
    }

    [Fact]
    public async Task One_that_says_nothing_is_given_up_after_ConnectTimeout_and_ended()
    {
        using var files = await SshClientFiles.CreateAsync(LoopbackPort.Free(), "ProxyCommand sleep 1000", "ConnectTimeout 1");
        var since = Stopwatch.GetTimestamp();
        var adit = await StartAditAsync(Arguments(files, LoopbackPort.Free(), "127.0.0.1:9"));
        await Patience.UntilAsync(() => adit.HasExited || ProcessTree.Descendants(adit.Pid).Any(static entry => entry.Command is "sleep"), "the command should run", () => adit.Log);
        var proxies = ProcessTree.Descendants(adit.Pid);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());

        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(15));
        await UntilGoneAsync(proxies);
    }

    [Theory]
    [InlineData("ProxyCommand nc %h %p", "ProxyJump nowhere.invalid")]
    [InlineData("ProxyCommand none", "ProxyCommand false")]
    public async Task The_first_of_ProxyCommand_and_ProxyJump_counts(string first, string second)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, first, second);

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);
    }

    private static async Task UntilGoneAsync(IReadOnlyList<ProcessEntry> processes)
    {
        foreach (var process in processes)
            await Patience.UntilAsync(() => !ProcessTree.IsAlive(process), $"{process.Command}, process {process.Pid}, should end");
    }
}

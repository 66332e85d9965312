using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Tunnels that end with another process, or at their time.</summary>
public sealed class OwnerTests(ITestOutputHelper output) : RunTest(output)
{
    [AditFact]
    [Trait("Surface", "S0-2")]
    [Trait("Surface", "S0-4")]
    public async Task A_tunnel_ends_with_the_owner_it_was_given_however_that_ends()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var owner = await ChildProcess.StartAsync(new("sleep", "1000"));
        var tunnel = await OpenTunnelAsync(files, echo.Port, "--owner", $"{owner.Pid}");
        await Bulk.EchoAsync(tunnel.Port);

        owner.Kill();

        Assert.Equal(0, await tunnel.Adit.ExitAsync());
        Assert.Contains($"its owner, process {owner.Pid}, has ended", tunnel.Adit.Error.Text, StringComparison.Ordinal);
        Assert.False(LoopbackPort.IsListening(tunnel.Port));
        await sshd.UntilNoConnectionAsync();
    }

    [AditFact]
    [Trait("Surface", "S0-2")]
    public async Task A_tunnel_in_the_background_ends_with_its_owner_too()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var owner = await ChildProcess.StartAsync(new("sleep", "1000"));
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync("-F", files.ConfigPath, "-f", "-N", "-L", $"{port}:127.0.0.1:{echo.Port}", "--owner", $"{owner.Pid}", SshClientFiles.Alias);
        Assert.Equal(0, await adit.ExitAsync());
        await Bulk.EchoAsync(port);

        owner.Kill();

        await LoopbackPort.UntilClosedAsync(port);
        await sshd.UntilNoConnectionAsync();
    }

    [AditFact]
    [Trait("Surface", "S0-2")]
    public async Task The_command_of_a_run_ends_with_the_owner()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        await using var owner = await ChildProcess.StartAsync(new("sleep", "1000"));
        var adit = await StartAditAsync("run", "-F", files.ConfigPath, "--owner", $"{owner.Pid}", SshClientFiles.Alias, "-L", Target(echo.Port), "--", "sh", "-c", "echo ready; exec cat");
        await adit.OutputAsync("ready");
        var command = Assert.Single(ProcessTree.Descendants(adit.Pid));

        owner.Kill();

        Assert.Equal(0, await adit.ExitAsync());
        Assert.False(ProcessTree.IsAlive(command));
    }

    [AditTheory]
    [InlineData("4194303", "there is no such process")]
    [InlineData("0", "write the number of a process")]
    [InlineData("me", "write the number of a process")]
    public async Task Without_an_owner_no_tunnel_is_opened(string pid, string why)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await FailToOpenAsync(files, "--owner", pid);

        Assert.Contains(why, adit.Error.Text, StringComparison.Ordinal);
        Assert.Equal(0, sshd.Connections);
    }

    [AditTheory]
    [InlineData("--lifetime", "as old as it may get")]
    [InlineData("--idle-timeout", "was not used for 1 s")]
    public async Task A_tunnel_ends_at_its_time(string option, string why)
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, echo.Port, $"{option}=1");

        Assert.Equal(0, await tunnel.Adit.ExitAsync());
        Assert.Contains(why, tunnel.Adit.Error.Text, StringComparison.Ordinal);
        await sshd.UntilNoConnectionAsync();
    }

    [AditFact]
    public async Task A_lifetime_ends_a_session_on_the_server_too()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync("-F", files.ConfigPath, "--lifetime", "1", SshClientFiles.Alias, "cat");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains("as old as it may get", adit.Error.Text, StringComparison.Ordinal);
        await sshd.UntilNoConnectionAsync();
    }
}

using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What a user is told of forwards that the server forbids, and what goes on beside them.</summary>
[Trait("Surface", "S2-21")]
public sealed class RefusedForwardTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string SftpServer = "/usr/lib/openssh/sftp-server";

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S2-17")]
    public async Task Where_only_remote_ports_are_allowed_they_work_and_all_else_is_refused_for_its_own_reason(string kind)
    {
        var server = await StartServerAsync(kind, "AllowTcpForwarding remote", "AllowStreamLocalForwarding no");
        await using var echo = TcpService.Echo();
        int port = LoopbackPort.Free(), toSocket = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var path = Path.Combine(server.Folder, "socket");

        var client = await StartTunnelAsync(server, "-L", $"{port}:127.0.0.1:{echo.Port}", "-L", $"{toSocket}:{path}",
            "-R", $"{path}:127.0.0.1:{echo.Port}", "-R", $"127.0.0.1:{remote}:127.0.0.1:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(remote, client);

        await Bulk.EchoAsync(remote);
        await client.ErrorAsync($"(?i)(failed for listen path|cannot listen on) {path}");
        await DialInVainAsync(port, client);
        await DialInVainAsync(toSocket, client);
        // As the real server has it, a socket is not reached, and a port prohibited.
        await client.ErrorAsync("(?i)administratively prohibited");
        Assert.Empty(echo.Accepted.Skip(1));
        Assert.False(client.HasExited);
    }

    [Fact]
    [Trait("Surface", "S2-17")]
    public async Task Where_only_remote_ports_are_allowed_commands_and_files_go_on()
    {
        var server = await StartServerAsync("sshd", "AllowTcpForwarding remote", "AllowStreamLocalForwarding no", "LogLevel VERBOSE", $"Subsystem sftp {SftpServer}");
        var port = LoopbackPort.Free();
        var client = await StartAditAsync("-F", server.Client.ConfigPath, "-L", $"{port}:127.0.0.1:9", SshClientFiles.Alias, "echo ready; read word; echo $word; exit 4");
        await client.OutputAsync("ready");

        await DialInVainAsync(port, client);
        await CopyAsync(server);
        await client.Input.WriteLineAsync("still here");
        await client.Input.FlushAsync();

        Assert.Equal(4, await client.ExitAsync());
        Assert.Contains("still here", client.Output.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sshd")]
    [InlineData("gateway", "AditPermitExec yes")]
    [Trait("Surface", "S2-18")]
    public async Task Where_only_files_are_to_be_transferred_they_are_and_every_forward_is_refused(string kind, params string[] config)
    {
        var server = await StartServerAsync(kind, [.. config, "DisableForwarding yes", $"ForceCommand {SftpServer}", "LogLevel VERBOSE"]);
        await using var echo = TcpService.Echo();
        int port = LoopbackPort.Free(), socks = LoopbackPort.Free(), toSocket = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var path = Path.Combine(server.Folder, "socket");

        var client = await StartTunnelAsync(server, "-L", $"{port}:127.0.0.1:{echo.Port}", "-L", $"{toSocket}:{path}", "-D", $"{socks}",
            "-R", $"{remote}:127.0.0.1:{echo.Port}", "-R", $"{path}:127.0.0.1:{echo.Port}");
        await client.ErrorAsync($"(?i)(failed for listen port|cannot listen on) .*{remote}");
        await client.ErrorAsync($"(?i)(failed for listen path|cannot listen on) {path}");
        await DialInVainAsync(port, client);
        await DialInVainAsync(toSocket, client);
        await using (var proxied = await ChildProcess.StartAsync(new("curl", "--silent", "--socks5-hostname", $"127.0.0.1:{socks}", $"http://127.0.0.1:{echo.Port}/")))
            Assert.NotEqual(0, await proxied.ExitAsync());
        var stdio = await StartAditAsync("-F", server.Client.ConfigPath, "-W", $"127.0.0.1:{echo.Port}", SshClientFiles.Alias);
        Assert.Equal(ConnectionFailed, await stdio.ExitAsync());
        await CopyAsync(server);

        Assert.Empty(echo.Accepted);
        Assert.False(LoopbackPort.IsListening(remote));
        Assert.False(File.Exists(path));
        Assert.False(client.HasExited);
    }

    private static async Task DialInVainAsync(int port, ChildProcess client)
    {
        await LoopbackPort.UntilListeningAsync(port, client);
        try
        {
            using var socket = await ServerTest.DialAsync(port);
            await ServerTest.AssertEndsAsync(socket, () => client.Log);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset)
        {
            // The refusal can be here before the call that connects has returned.
        }
    }

    // With a path in place of a subsystem, sftp asks for a command, which is all that the gateway runs.
    private static async Task CopyAsync(ServerPeer server)
    {
        var from = Path.Combine(server.Folder, "from");
        await File.WriteAllTextAsync(from, "a file");

        await ChildProcess.RunAsync(new("sftp", "-q", "-s", SftpServer, "-S", await AditProcess.ProgramAsync(), "-F", server.Client.ConfigPath, "-b", "-", SshClientFiles.Alias),
            $"put {from} {from}.there\n");

        Assert.Equal("a file", await File.ReadAllTextAsync(from + ".there"));
    }
}

using System.Net;
using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests;

/// <summary>The peers themselves, and what ssh does with them: the yardstick, and the leak that Adit exists to close.</summary>
public sealed class PeerTests(ITestOutputHelper output) : PeerTest(output)
{
    [Fact]
    [Trait("Surface", "S4-1")]
    public async Task Psql_runs_through_ssh_to_postgres()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();

        var ssh = await StartSshAsync("-F", files.ConfigPath, "-N", "-L", $"{port}:127.0.0.1:{postgres.Port}", SshClientFiles.Alias);
        await LoopbackPort.UntilListeningAsync(port, ssh);

        Assert.Equal("42", await Psql.RunAsync("localhost", port, PostgresPeer.TrustedUser, "select 6 * 7"));
    }

    [Fact]
    [Trait("Surface", "S0-4")]
    public async Task An_ssh_whose_parent_is_killed_lives_on_and_its_port_lets_anyone_in()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        // The parent stands for an application that spawns ssh; timeout ends the orphan should this process die before it does.
        var parent = Own(await ChildProcess.StartAsync(new("sh", "-c", "timeout 60 \"$@\" & wait", "sh",
            "ssh", "-F", files.ConfigPath, SshClientFiles.Alias, "-vNL", $"{port}:localhost:{echo.Port}", "-o", "ExitOnForwardFailure=yes",
            "-o", "ConnectTimeout=30", "-o", "TCPKeepAlive=no", "-o", "ServerAliveInterval=60")));
        await LoopbackPort.UntilListeningAsync(port, parent);
        var orphans = ProcessTree.Descendants(parent.Pid);
        try
        {
            parent.Kill();
            await parent.WaitForExitAsync();

            Assert.Contains(orphans, static orphan => orphan.Command is "ssh" && ProcessTree.IsAlive(orphan));
            await Bulk.EchoAsync(port);
        }
        finally
        {
            foreach (var orphan in orphans)
                ProcessTree.KillIfAlive(orphan);
        }
        await LoopbackPort.UntilClosedAsync(port);
    }

    [Fact]
    public async Task Sshd_counts_its_connections_and_loses_them_on_demand()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var ssh = await StartSshAsync("-F", files.ConfigPath, "-v", "-N", SshClientFiles.Alias);
        await ssh.ErrorAsync("Entering interactive session");
        Assert.Equal(1, sshd.Connections);

        sshd.KillConnections();

        Assert.Equal(255, await ssh.ExitAsync());
        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    public async Task Nothing_of_sshd_is_left_after_its_disposal()
    {
        int port;
        await using (var sshd = await SshdPeer.StartAsync())
        {
            port = sshd.Port;
            Assert.Equal([IPAddress.Loopback], LoopbackPort.Listeners(port));
        }
        Assert.False(LoopbackPort.IsListening(port));
        Assert.True(await LoopbackPort.RefusesAsync(IPAddress.Loopback, port));
    }

    [Fact]
    public async Task The_agent_offers_the_key_that_it_was_given()
    {
        var key = await KeyPair.GetAsync("ecdsa-384", "agent");
        var agent = await StartAgentAsync(key);

        var listed = await ChildProcess.RunAsync(new("ssh-add", "-L")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SSH_AUTH_SOCK"] = agent.SocketPath },
        });

        Assert.Contains(key.PublicLine, listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fingerprint_of_a_key_is_that_of_ssh_keygen()
    {
        var key = await KeyPair.GetAsync("ed25519", "host");

        Assert.Contains(key.Fingerprint, await ChildProcess.RunAsync(new("ssh-keygen", "-l", "-f", key.PrivatePath)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postgres_answers_on_its_port_and_on_its_socket()
    {
        var postgres = await PostgresPeer.SharedAsync();

        Assert.Equal("127.0.0.1", await Psql.RunAsync("127.0.0.1", postgres.Port, PostgresPeer.TrustedUser, "select host(inet_client_addr())"));
        Assert.Equal("", await Psql.RunAsync(postgres.SocketFolder, postgres.Port, PostgresPeer.TrustedUser, "select host(inet_client_addr())"));
        Assert.True(File.Exists(postgres.SocketPath));
    }

    [Fact]
    public async Task Postgres_takes_the_right_password_and_no_other()
    {
        var postgres = await PostgresPeer.SharedAsync();

        Assert.Equal(PostgresPeer.ScramUser,
            await Psql.RunAsync("127.0.0.1", postgres.Port, PostgresPeer.ScramUser, "select current_user", password: PostgresPeer.ScramPassword));
        await using var refused = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", postgres.Port, PostgresPeer.ScramUser, "select 1", password: "wrong"));
        await refused.ErrorAsync("password authentication failed");
        Assert.Equal(2, await refused.ExitAsync());
    }

    [Fact]
    public async Task The_services_keep_their_habits()
    {
        await using var echo = TcpService.Echo();
        await using var checksum = TcpService.Checksum();
        await using var source = TcpService.Source(1_000_000);
        await using var reset = TcpService.Reset();
        await using var gate = TcpService.Gate(echo.Port, Task.CompletedTask);

        await Bulk.EchoAsync(echo.Port);
        await Bulk.EchoAsync(gate.Port);
        await Bulk.SendAsync(checksum.Port, 1_000_000);
        await Bulk.ReceiveAsync(source.Port, 1_000_000);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, reset.Port);
        await client.GetStream().WriteAsync(new byte[1]);
        var exception = await Assert.ThrowsAsync<IOException>(() => client.GetStream().ReadAsync(new byte[1]).AsTask());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(exception.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task A_child_is_started_to_die_with_this_process()
    {
        var dump = await ChildProcess.RunAsync(new("setpriv", "--dump"));

        Assert.Matches("Parent death signal: .*KILL", dump);
    }
}

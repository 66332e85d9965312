using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

public sealed class LocalForwardTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const string ChannelRequest = "server_request_direct_tcpip: originator";

    [Theory]
    [InlineData("localhost", "postgres")]
    [InlineData("127.0.0.1", "template1")]
    [Trait("Surface", "S4-1")]
    [Trait("Surface", "S3-3")]
    public async Task Psql_reaches_postgres_through_the_tunnel(string host, string database)
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, $"localhost:{postgres.Port}");

        Assert.Equal(database, await Psql.RunAsync(host, tunnel.Port, PostgresPeer.TrustedUser, "select current_database()", database));
    }

    [Fact]
    [Trait("Surface", "S4-10")]
    [Trait("Surface", "S4-5")]
    [Trait("Surface", "S3-14")]
    public async Task A_client_without_ssl_works_and_logs_in_with_its_password()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, postgres.Port);
        var start = Psql.Start("127.0.0.1", tunnel.Port, PostgresPeer.ScramUser, "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
            password: PostgresPeer.ScramPassword);

        var answer = await ChildProcess.RunAsync(start with
        {
            Environment = new Dictionary<string, string?>(start.Environment, StringComparer.Ordinal) { ["PGSSLMODE"] = "disable", ["PGGSSENCMODE"] = "disable" },
        });

        Assert.Equal("f", answer.Trim());
    }

    [Fact]
    public async Task A_query_is_cancelled_through_the_tunnel()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, postgres.Port);
        var psql = Own(await ChildProcess.StartAsync(Psql.Start("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser,
            "set application_name = 'cancelled'; select pg_sleep(60)")));
        while (await Psql.RunAsync(postgres.SocketFolder, postgres.Port, PostgresPeer.TrustedUser,
            "select count(*) from pg_stat_activity where application_name = 'cancelled' and query like '%sleep%' and state = 'active'") is not "1")
            Assert.False(psql.HasExited, psql.Log);

        psql.Signal(PosixSignal.SIGINT);

        await psql.ErrorAsync("Cancel request sent");
        Assert.NotEqual(0, await psql.ExitAsync());
    }

    [Fact]
    [Trait("Surface", "S4-6")]
    public async Task A_target_that_refuses_is_told_on_stderr_and_the_listener_stays()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        // PostgreSQL listens on 127.0.0.1 only, as with listen_addresses = 'localhost'.
        var tunnel = await OpenTunnelAsync(files, $"127.0.0.2:{postgres.Port}");

        await using var psql = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));

        Assert.Equal(2, await psql.ExitAsync());
        await tunnel.Adit.ErrorAsync("(?i)connect failed|connection refused");
        Assert.True(LoopbackPort.IsListening(tunnel.Port));
        Assert.False(tunnel.Adit.HasExited);
        await using var again = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));
        Assert.Equal(2, await again.ExitAsync());
    }

    [Fact]
    [Trait("Surface", "S2-17")]
    public async Task A_forward_that_the_server_forbids_is_told_on_stderr_and_the_tunnel_stays()
    {
        var sshd = await StartSshdAsync(new() { Config = ["AllowTcpForwarding remote"] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, 9);

        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, tunnel.Port);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset)
        {
            // The refusal can be here before this call has returned.
        }

        await tunnel.Adit.ErrorAsync("(?i)administratively prohibited");
        Assert.False(tunnel.Adit.HasExited);
    }

    [Theory]
    [InlineData("db.foo.com:5432")]
    [InlineData("10.20.30.40:5432")]
    [Trait("Surface", "S4-7")]
    [Trait("Surface", "S1-19")]
    public async Task A_last_leg_over_a_network_is_reported_as_plaintext(string target)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, target);

        await tunnel.Adit.ErrorAsync(target.Replace(".", "\\.", StringComparison.Ordinal) + ".*PLAINTEXT");
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.53")]
    [InlineData("[::1]")]
    [Trait("Surface", "S1-20")]
    public async Task A_last_leg_inside_the_server_is_not_reported_as_plaintext(string host)
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, $"{host}:5432", "-v");
        tunnel.Adit.Signal(PosixSignal.SIGTERM);
        await tunnel.Adit.ExitAsync();

        Assert.DoesNotContain("PLAINTEXT", tunnel.Adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Surface", "S1-1")]
    [Trait("Surface", "S3-7")]
    public async Task The_port_refuses_before_login_and_serves_after()
    {
        var sshd = await StartSshdAsync();
        var opened = new TaskCompletionSource();
        await using var gate = TcpService.Gate(sshd.Port, opened.Task);
        await using var mail = TcpService.Banner("+OK mailserver ready\r\n");
        using var files = await SshClientFiles.CreateAsync(gate.Port, "HostKeyAlias behind-the-gate");
        await File.WriteAllLinesAsync(files.KnownHostsPath, sshd.HostKeys.Select(static key => $"behind-the-gate {key.PublicLine}"));
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync(Arguments(files, port, $"127.0.0.1:{mail.Port}"));
        await gate.FirstConnection.WithinAsync("adit should connect to the server", () => adit.Log);
        Assert.True(await LoopbackPort.RefusesAsync(IPAddress.Loopback, port), "the port is open before login");

        opened.SetResult();
        await LoopbackPort.UntilListeningAsync(port, adit);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        Assert.Equal("+OK mailserver ready", await reader.ReadLineAsync());
    }

    [Fact]
    [Trait("Surface", "S1-3")]
    [Trait("Surface", "S2-3")]
    public async Task The_port_is_open_on_loopback_only()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        Assert.All(LoopbackPort.Listeners(tunnel.Port), static address => Assert.True(IPAddress.IsLoopback(address), $"listens on {address}"));
        foreach (var address in NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static card => card.GetIPProperties().UnicastAddresses)
            .Select(static address => address.Address)
            .Where(static address => address.AddressFamily is AddressFamily.InterNetwork && !IPAddress.IsLoopback(address)))
            Assert.True(await LoopbackPort.RefusesAsync(address, tunnel.Port), $"reachable on {address}");
    }

    [Fact]
    [Trait("Surface", "S1-5")]
    [Trait("Surface", "S1-6")]
    public async Task Each_accepted_connection_is_one_channel_and_none_is_opened_before()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);
        Assert.Equal(0, sshd.Messages.Count(ChannelRequest));

        for (var connection = 1; connection <= 3; connection++)
        {
            await Bulk.EchoAsync(tunnel.Port);
            await Patience.UntilAsync(() => sshd.Messages.Count("channel \\d+: free: direct-tcpip") == connection, "the channel should be gone", () => sshd.Log);
            Assert.Equal(connection, sshd.Messages.Count(ChannelRequest));
        }
    }

    [Fact]
    [Trait("Surface", "S1-9")]
    public async Task The_server_is_told_the_clients_own_port()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var tunnel = await OpenTunnelAsync(files, echo.Port);

        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, tunnel.Port);

        var own = (IPEndPoint)client.Client.LocalEndPoint!;
        await sshd.LoggedAsync(string.Create(CultureInfo.InvariantCulture, $"originator 127.0.0.1 port {own.Port}, target 127.0.0.1 port {echo.Port}"));
    }

    [Fact]
    [Trait("Surface", "S1-2")]
    [Trait("Surface", "S1-16")]
    public async Task The_server_is_given_the_name_of_the_target_as_it_was_written_and_looks_it_up()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var nowhere = LoopbackPort.Free();
        // A client that looked the names up would name addresses, and give up the second one by itself.
        var tunnel = await OpenTunnelAsync(files, $"LocalHost:{echo.Port}", "-L", $"{nowhere}:no-such-host.invalid:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(nowhere, tunnel.Adit);

        await Bulk.EchoAsync(tunnel.Port);
        using (var client = await ServerTest.DialAsync(nowhere))
            await ServerTest.AssertEndsAsync(client, () => tunnel.Adit.Log);

        await sshd.LoggedAsync($"{ChannelRequest} .*, target LocalHost port {echo.Port}");
        await sshd.LoggedAsync($"{ChannelRequest} .*, target no-such-host.invalid port {echo.Port}");
        await tunnel.Adit.ErrorAsync("(?i)no-such-host.invalid.*(connect failed|unknown host|not known)|open failed: connect failed");
    }

    [PrivilegedPortFact]
    [Trait("Surface", "S3-5")]
    [Trait("Surface", "S2-1")]
    public async Task A_privileged_port_is_a_clear_error()
    {
        var port = Enumerable.Range(1, LoopbackPort.FirstUnprivileged - 1).Last(static port => !LoopbackPort.IsListening(port));
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, "127.0.0.1:9", "-o", "ExitOnForwardFailure=yes"))
        {
            Privileges = TestUser.IsRoot ? ["--bounding-set=-net_bind_service"] : [],
        });

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)permission denied|not permitted|needs? root|privileged", adit.Error.Text);
        Assert.Contains(port.ToString(CultureInfo.InvariantCulture), adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_forwards_share_one_connection()
    {
        var sshd = await StartSshdAsync();
        await using var first = TcpService.Echo();
        await using var second = TcpService.Checksum();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var other = LoopbackPort.Free();

        var tunnel = await OpenTunnelAsync(files, first.Port, "-L", $"{other}:127.0.0.1:{second.Port}");
        await LoopbackPort.UntilListeningAsync(other, tunnel.Adit);

        await Bulk.EchoAsync(tunnel.Port);
        await Bulk.SendAsync(other, 100_000);
        Assert.Equal(1, sshd.Connections);
    }

    [Fact]
    [Trait("Surface", "S2-4")]
    public async Task A_forward_in_the_configuration_is_one_on_the_command_line()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        using var files = await SshClientFiles.CreateAsync(sshd, $"LocalForward {port} 127.0.0.1:{echo.Port}");

        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", SshClientFiles.Alias);
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Bulk.EchoAsync(port);
    }
}

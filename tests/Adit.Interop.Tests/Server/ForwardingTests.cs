using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>TCP ports from one side to the other.</summary>
public sealed class ForwardingTests(ITestOutputHelper output) : ServerTest(output)
{
    private const long Bytes = 8 * Mebibyte;

    [Theory]
    [InlineData("ssh")]
    [InlineData("dbclient")]
    [InlineData("plink")]
    [Trait("Surface", "S3-2")]
    public async Task A_local_forward_carries_data_both_ways(string program)
    {
        var server = await StartServerAsync();
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        int up = LoopbackPort.Free(), down = LoopbackPort.Free();
        var client = await StartClientAsync(program, server, "-L", Spec(up, sink.Port), "-L", Spec(down, source.Port));
        await LoopbackPort.UntilListeningAsync(up, client);
        await LoopbackPort.UntilListeningAsync(down, client);

        await Task.WhenAll(Bulk.SendAsync(up, Bytes), Bulk.ReceiveAsync(down, Bytes)).WithinAsync("both transfers should end", () => client.Log);
    }

    [Theory]
    [InlineData("ssh")]
    [InlineData("dbclient")]
    [InlineData("plink")]
    [Trait("Surface", "S2-7")]
    [Trait("Surface", "S2-8")]
    [Trait("Surface", "S2-14")]
    public async Task Two_remote_forwards_carry_data_both_ways_and_end_with_the_client(string program)
    {
        var server = await StartServerAsync();
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        int up = LoopbackPort.Free(), down = LoopbackPort.Free();
        var client = await StartClientAsync(program, server, "-R", Spec(up, sink.Port), "-R", Spec(down, source.Port));
        await LoopbackPort.UntilListeningAsync(up, client);
        await LoopbackPort.UntilListeningAsync(down, client);
        Assert.All(LoopbackPort.Listeners(up), static address => Assert.True(IPAddress.IsLoopback(address)));

        await Task.WhenAll(Bulk.SendAsync(up, Bytes), Bulk.ReceiveAsync(down, Bytes)).WithinAsync("both transfers should end", () => client.Log);

        await EndAsync(client);
        await LoopbackPort.UntilClosedAsync(up, () => server.Log);
        await LoopbackPort.UntilClosedAsync(down, () => server.Log);
    }

    [Fact]
    [Trait("Surface", "S2-12")]
    public async Task A_remote_forward_of_port_0_is_given_a_port_and_the_client_told()
    {
        var server = await StartServerAsync();
        await using var first = TcpService.Banner("first");
        await using var second = TcpService.Banner("second");

        var client = await StartSshAsync(server, "-N", "-R", Spec(0, first.Port), "-R", Spec(0, second.Port));

        Assert.Equal("first", await ReadAsync(await AllocatedAsync(client, first)));
        Assert.Equal("second", await ReadAsync(await AllocatedAsync(client, second)));
    }

    [Fact]
    public async Task The_client_is_told_who_connects_to_a_remote_forward()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-R", Spec(port, echo.Port));
        await LoopbackPort.UntilListeningAsync(port, client);

        using var socket = await DialAsync(port);

        await client.ErrorAsync($"client_request_forwarded_tcpip: listen localhost port {port}, originator 127.0.0.1 port {((IPEndPoint)socket.LocalEndPoint!).Port}");
    }

    [Fact]
    public async Task A_remote_port_that_is_taken_is_refused_and_the_client_lives_on()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        // Of one family, as sshd is content when it gets the port on ::1 alone.
        var client = await StartSshAsync(server, "-N", "-R", $"127.0.0.1:{Spec(echo.Port, echo.Port)}", "-R", Spec(port, echo.Port));

        await client.ErrorAsync($"remote port forwarding failed for listen port {echo.Port}");
        await LoopbackPort.UntilListeningAsync(port, client);
        await Bulk.EchoAsync(port);
    }

    [Fact]
    public async Task Standard_input_and_output_reach_the_target()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        await using var ssh = await ChildProcess.StartAsync(
            new("ssh", "-F", server.Client.ConfigPath, "-W", $"127.0.0.1:{echo.Port}", SshClientFiles.Alias) { RawOutput = true });

        var received = SHA256.HashDataAsync(ssh.RawOutput).AsTask();
        await foreach (var block in Bulk.Blocks(Bytes))
            await ssh.Input.BaseStream.WriteAsync(block);
        ssh.Input.Close();

        Assert.Equal(await Bulk.HashAsync(Bytes), Convert.ToHexStringLower(await received.WithinAsync("all should come back", () => ssh.Log)));
        Assert.Equal(0, await ssh.ExitAsync());
    }

    [Theory]
    [InlineData("ssh")]
    [InlineData("dbclient")]
    [InlineData("plink")]
    [Trait("Surface", "S1-6")]
    public async Task A_target_that_has_said_all_can_still_be_told_everything(string program)
    {
        var server = await StartServerAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var (client, port) = await ForwardAsync(program, server, ((IPEndPoint)listener.LocalEndpoint).Port);
        using var near = await DialAsync(port);
        using var far = await listener.AcceptSocketAsync().WithinAsync("the target should be reached", () => server.Log);

        await far.SendAsync("all"u8.ToArray());
        far.Shutdown(SocketShutdown.Send);
        Assert.Equal("all", await ReadAsync(near));

        var rest = ReadAsync(far);
        await near.SendAsync("and everything"u8.ToArray());
        near.Shutdown(SocketShutdown.Send);
        Assert.Equal("and everything", await rest.WithinAsync("the rest should come", () => client.Log));
    }

    [Theory]
    [InlineData("ssh")]
    [InlineData("dbclient")]
    [InlineData("plink")]
    [Trait("Surface", "S4-6")]
    public async Task A_target_that_refuses_ends_the_connection_and_not_the_client(string program)
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        int refused = LoopbackPort.Free(), served = LoopbackPort.Free();
        var client = await StartClientAsync(program, server, "-L", Spec(refused, LoopbackPort.Free()), "-L", Spec(served, echo.Port));
        await LoopbackPort.UntilListeningAsync(refused, client);
        await LoopbackPort.UntilListeningAsync(served, client);

        using (var socket = await DialAsync(refused))
            await AssertEndsAsync(socket, () => client.Log);

        if (program is "ssh")
            await client.ErrorAsync("open failed: connect failed: Connection refused");
        await Bulk.EchoAsync(served);
    }

    [Fact]
    [Trait("Surface", "S1-2")]
    public async Task A_name_that_does_not_exist_is_told_as_a_failure_to_connect()
    {
        var server = await StartServerAsync();
        var port = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-L", $"{port}:no-such-host.invalid:5432");
        await LoopbackPort.UntilListeningAsync(port, client);

        using var socket = await DialAsync(port);
        await AssertEndsAsync(socket, () => client.Log);

        await client.ErrorAsync("open failed: connect failed: ");
        Assert.False(client.HasExited);
    }

    [Fact]
    public async Task A_hundred_connections_at_once_are_all_served()
    {
        var server = await StartServerAsync();
        await using var sink = TcpService.Checksum();
        var (client, port) = await ForwardAsync("ssh", server, sink.Port);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => Bulk.SendAsync(port, 50_000 + number)))
            .WithinAsync("a hundred transfers should end", () => client.Log);
    }

    [Theory]
    [InlineData("ssh")]
    [InlineData("dbclient")]
    [InlineData("plink")]
    [Trait("Surface", "S3-3")]
    [Trait("Surface", "S3-25")]
    public async Task Psql_and_pgbench_work(string program)
    {
        var server = await StartServerAsync();
        var postgres = await PostgresPeer.SharedAsync();
        var (_, port) = await ForwardAsync(program, server, postgres.Port);
        var database = $"bench_{program}";

        await Psql.RunAsync("127.0.0.1", port, PostgresPeer.TrustedUser, $"create database {database}");
        Assert.Equal(PostgresPeer.ScramUser,
            await Psql.RunAsync("127.0.0.1", port, PostgresPeer.ScramUser, "select current_user", password: PostgresPeer.ScramPassword));
        var report = await PgBench.RunAsync(port, database, clients: 8, transactions: 20);

        Assert.Contains("number of transactions actually processed: 160/160", report, StringComparison.Ordinal);
        Assert.Contains("number of failed transactions: 0 ", report, StringComparison.Ordinal);
    }

    private static async Task<int> AllocatedAsync(ChildProcess client, TcpService target)
    {
        var match = await client.ErrorAsync($"^Allocated port (\\d+) for remote forward to 127.0.0.1:{target.Port}");
        return int.Parse(match.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<string> ReadAsync(int port)
    {
        using var socket = await DialAsync(port);
        return await ReadAsync(socket);
    }

    // No stream, since one takes a socket that has sent all for one that is not connected.
    private static async Task<string> ReadAsync(Socket socket)
    {
        var received = new StringBuilder();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer).WithinAsync("data or its end should come") is > 0 and var count)
            received.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return received.ToString();
    }
}

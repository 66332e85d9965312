using System.Text;
using Adit.Interop.Tests.Peers;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Engine;

public sealed class ChannelTests(ITestOutputHelper output) : EngineTest(output)
{
    [Fact]
    public async Task Half_close_is_kept_in_both_directions()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        await using var banner = TcpService.Banner("220 ready\r\n");
        var connection = await ConnectAsync(sshd);

        await EchoAsync(connection, echo);
        await using var channel = await OpenAsync(connection, banner.Port);
        Assert.Equal("220 ready\r\n", Encoding.ASCII.GetString(await ReadAllAsync(channel)));
    }

    [Fact]
    public async Task A_large_transfer_arrives_whole_in_both_directions_at_once()
    {
        const long Bytes = 64 * Mebibyte;
        var sshd = await StartSshdAsync();
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        var connection = await ConnectAsync(sshd);

        await Task.WhenAll(SendAsync(connection, sink, Bytes), ReceiveAsync(connection, source, Bytes));

        Assert.Equal(1, connection.KeyExchanges);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keys_change_under_way_without_loss(bool byClient)
    {
        const long Bytes = 200 * Mebibyte;
        var sshd = await StartSshdAsync(new() { Config = byClient ? [] : ["RekeyLimit 16M"] });
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        var connection = await ConnectAsync(sshd, options =>
            byClient ? options with { RekeyLimit = new(16 * Mebibyte, Timeout.InfiniteTimeSpan) } : options);

        await Task.WhenAll(SendAsync(connection, sink, Bytes), ReceiveAsync(connection, source, Bytes));

        Assert.InRange(connection.KeyExchanges, 10, 100);
    }

    [Fact]
    public async Task Keys_change_under_way_without_loss_when_both_ends_start_it_all_the_time()
    {
        const long Bytes = 8 * Mebibyte;
        var sshd = await StartSshdAsync(new() { Config = ["RekeyLimit 256K"] });
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        var connection = await ConnectAsync(sshd, static options => options with { RekeyLimit = new(256 * 1024, Timeout.InfiniteTimeSpan) });

        await Task.WhenAll(SendAsync(connection, sink, Bytes), ReceiveAsync(connection, source, Bytes));

        Assert.True(connection.KeyExchanges > 20);
    }

    [Fact]
    public async Task Two_hundred_channels_work_at_once()
    {
        var sshd = await StartSshdAsync();
        await using var sink = TcpService.Checksum();
        var connection = await ConnectAsync(sshd);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => SendAsync(connection, sink, 60_000 + number)))
            .WithinAsync("two hundred transfers should end", () => sshd.Log);

        Assert.Equal(200, sink.Accepted.Count);
        await Patience.UntilAsync(() => connection.ChannelCount == 0, "no channel should be left");
    }

    [Fact]
    public async Task A_reader_that_stops_holds_up_nobody_else()
    {
        var sshd = await StartSshdAsync();
        await using var source = TcpService.Source(64 * Mebibyte);
        await using var silent = TcpService.Silent();
        await using var sink = TcpService.Checksum();
        var connection = await ConnectAsync(sshd);
        await using var unread = await OpenAsync(connection, source.Port);
        await using var untaken = await OpenAsync(connection, silent.Port);
        using var end = new CancellationTokenSource();
        var writing = WriteForeverAsync(untaken, end.Token);

        await SendAsync(connection, sink, 32 * Mebibyte).WithinAsync("a transfer beside two stalled ones should end", () => sshd.Log);

        Assert.False(writing.IsCompleted, "a peer that reads nothing took everything");
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public async Task A_target_that_refuses_is_a_failed_open_and_the_connection_goes_on()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        var connection = await ConnectAsync(sshd);

        var exception = await Assert.ThrowsAsync<ChannelOpenException>(() => OpenAsync(connection, LoopbackPort.Free()));

        Assert.Equal(ChannelOpenFailureReason.ConnectFailed, exception.Reason);
        await EchoAsync(connection, echo);
    }

    [Fact]
    [Trait("Surface", "S2-17")]
    public async Task A_forward_that_the_server_forbids_is_prohibited()
    {
        var sshd = await StartSshdAsync(new() { Config = ["AllowTcpForwarding no"] });
        var connection = await ConnectAsync(sshd);

        var exception = await Assert.ThrowsAsync<ChannelOpenException>(() => OpenAsync(connection, 5432));

        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, exception.Reason);
    }

    [Fact]
    [Trait("Surface", "S3-26")]
    public async Task The_unix_socket_of_postgres_is_reached()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        var connection = await ConnectAsync(sshd);

        await using var channel = await connection.OpenUnixAsync(postgres.SocketPath);
        // SSLRequest; PostgreSQL answers it over a Unix socket with N.
        await channel.WriteAsync(new byte[] { 0, 0, 0, 8, 4, 210, 22, 47 });

        var answer = await channel.ReadAsync().AsTask().WithinAsync("PostgreSQL should answer", () => postgres.Log);
        Assert.Equal("N"u8.ToArray(), answer.ToArray());
    }

    [Fact]
    public async Task A_reset_of_the_target_ends_its_channel_only()
    {
        var sshd = await StartSshdAsync();
        await using var reset = TcpService.Reset();
        await using var echo = TcpService.Echo();
        var connection = await ConnectAsync(sshd);
        await using var channel = await OpenAsync(connection, reset.Port);
        await channel.WriteAsync(new byte[1]);

        Assert.Empty(await ReadAllAsync(channel));
        await EchoAsync(connection, echo);
    }

    [Fact]
    public async Task An_aborted_channel_is_closed_at_the_server()
    {
        var sshd = await StartSshdAsync();
        await using var silent = TcpService.Silent();
        var connection = await ConnectAsync(sshd);
        var channel = await OpenAsync(connection, silent.Port);

        channel.Abort();

        await sshd.LoggedAsync("channel 0: free: direct-tcpip");
        await Patience.UntilAsync(() => connection.ChannelCount == 0, "the channel should be gone");
    }

    [Fact]
    public async Task A_server_that_dies_ends_the_connection_and_every_channel()
    {
        var sshd = await StartSshdAsync();
        await using var silent = TcpService.Silent();
        var connection = await ConnectAsync(sshd);
        await using var channel = await OpenAsync(connection, silent.Port);
        var reading = channel.ReadAsync().AsTask();

        sshd.KillConnections();

        var reason = await connection.Closed.WithinAsync("the connection should end", () => sshd.Log);
        Assert.Equal(CloseReason.ConnectionLost, reason.Reason);
        await Assert.ThrowsAnyAsync<SshException>(() => reading.WithinAsync("the read should end"));
        await Assert.ThrowsAnyAsync<SshException>(() => OpenAsync(connection, 9));
    }

    [Fact]
    [Trait("Surface", "S0-3")]
    public async Task Disposal_says_goodbye()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        var connection = await ConnectAsync(sshd);
        // What sshd says right after the login has then been read: closing a socket with unread bytes in it resets the connection.
        await EchoAsync(connection, echo);

        await connection.DisposeAsync();

        await sshd.LoggedAsync("Received disconnect from 127.0.0.1 port \\d+:11:");
        await sshd.UntilNoConnectionAsync();
        Assert.Equal(CloseReason.Closed, (await connection.Closed).Reason);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_noticed_by_keepalive()
    {
        var sshd = await StartSshdAsync();
        await using var relay = new StallingRelay(sshd.Port);
        var options = new SshClientOptions
        {
            User = TestUser.Name,
            VerifyHostKey = static (_, _) => default,
            Authentication = [new Adit.Ssh.Auth.PublicKeyMethod([await PrivateKeyAsync(await SshClientFiles.UserKeyAsync())])],
            Connection = new() { KeepAlive = new(TimeSpan.FromSeconds(1), 1) },
        };
        await using var connection = await SshClient.ConnectAsync(await DialAsync(relay.Port), options);
        await sshd.LoggedAsync("keepalive@openssh.com");

        relay.Stall();

        var reason = await connection.Closed.WithinAsync("the connection should end", () => sshd.Log);
        Assert.Equal(CloseReason.KeepAliveTimeout, reason.Reason);
    }

    private static async Task WriteForeverAsync(Channel channel, CancellationToken cancellationToken)
    {
        var block = new byte[64 * 1024];
        while (true)
            await channel.WriteAsync(block, cancellationToken);
    }
}

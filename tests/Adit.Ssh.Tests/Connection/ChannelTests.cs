using Adit.Ssh.Connection;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>Channels, RFC 4254 section 5, against a server that a test speaks for.</summary>
public class ChannelTests
{
    [Fact]
    public async Task An_open_names_target_and_originator_and_its_refusal_tells_reason_and_text()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        Task<Channel> opening = connection.OpenTcpAsync("db.example", 5432, "127.0.0.1", 40000).AsTask();
        ChannelOpen open = await server.ReceiveAsync<ChannelOpen>();
        Assert.Equal("direct-tcpip", open.Type);
        Assert.Equal(new DirectTcpip("db.example", 5432, "127.0.0.1", 40000), DirectTcpip.Read(open.Fields));
        server.Send(new ChannelOpenFailure(open.Sender, ChannelOpenFailureReason.ConnectFailed, "Connection refused"));
        ChannelOpenException refused = await Assert.ThrowsAsync<ChannelOpenException>(() => opening.TestTime());
        Assert.Equal(ChannelOpenFailureReason.ConnectFailed, refused.Reason);
        Assert.Equal("Connection refused", refused.Message);
        Assert.Equal(0, connection.ChannelCount);
    }

    [Fact]
    public async Task What_came_together_can_be_taken_together_and_stays_valid_until_the_next_read()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync().AsTask();
        server.SendData(0, Enumerable.Repeat((byte)1, 2000).ToArray());
        server.SendData(0, Enumerable.Repeat((byte)2, 2000).ToArray());
        server.Send(new ChannelEof(0));
        var all = new List<ReadOnlyMemory<byte>> { await reading.TestTime() };
        while (all.Sum(static data => data.Length) < 4000)
        {
            if (channel.TryReadMore(out ReadOnlyMemory<byte> more))
                all.Add(more);
            else
                await Task.Yield();
        }

        Assert.Equal([.. Enumerable.Repeat((byte)1, 2000), .. Enumerable.Repeat((byte)2, 2000)], all.SelectMany(static data => data.ToArray()));
        Assert.False(channel.TryReadMore(out _));
        Assert.True((await channel.ReadAsync()).IsEmpty);
    }

    [Fact]
    public async Task The_end_that_comes_with_the_last_data_does_not_overtake_it()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        for (int i = 0; i < 50; i++)
        {
            await using Channel channel = await OpenAsync(server, connection);
            uint id = (uint)channel.Status().Number;
            Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync().AsTask();
            server.SendData(id, [1, 2, 3]);
            server.Send(new ChannelEof(id));
            server.Send(new ChannelClose(id));
            Assert.Equal([1, 2, 3], (await reading.TestTime()).ToArray());
            Assert.True((await channel.ReadAsync().AsTask().TestTime()).IsEmpty);
            await server.ReceiveAsync<ChannelClose>();
        }
    }

    [Fact]
    public async Task A_unix_socket_is_opened_as_direct_streamlocal()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        Task<Channel> opening = connection.OpenUnixAsync("/run/postgresql/.s.PGSQL.5432").AsTask();
        ChannelOpen open = await server.ConfirmChannelAsync();
        Assert.Equal("direct-streamlocal@openssh.com", open.Type);
        Assert.Equal(new DirectStreamLocal("/run/postgresql/.s.PGSQL.5432"), DirectStreamLocal.Read(open.Fields));
        await using Channel channel = await opening.TestTime();
    }

    [Fact]
    public async Task Each_direction_ends_by_itself_and_the_channel_is_gone_when_CLOSE_went_both_ways()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        Channel channel = await OpenAsync(server, connection);

        await channel.WriteAsync(new byte[] { 1, 2, 3 });
        channel.CompleteOutput();
        Assert.Equal([1, 2, 3], await server.ReceiveDataAsync(3));
        Assert.Equal(7u, (await server.ReceiveAsync<ChannelEof>()).Recipient);
        await Assert.ThrowsAsync<SshException>(() => channel.WriteAsync(new byte[1]).AsTask());

        server.SendData(0, [4, 5]);
        Assert.Equal([4, 5], (await channel.ReadAsync()).ToArray());
        server.Send(new ChannelEof(0));
        Assert.True((await channel.ReadAsync()).IsEmpty);
        Assert.True((await channel.ReadAsync()).IsEmpty);

        await channel.DisposeAsync();
        Assert.Equal(7u, (await server.ReceiveAsync<ChannelClose>()).Recipient);
        Assert.Equal(1, connection.ChannelCount);
        server.Send(new ChannelClose(0));
        await PassAsync(server);
        Assert.Equal(0, connection.ChannelCount);
    }

    [Fact]
    public async Task CLOSE_of_the_server_is_answered_and_ends_reading_and_writing()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection, window: 10);
        Task writing = channel.WriteAsync(new byte[100]).AsTask();
        Assert.Equal(10, (await server.ReceiveDataAsync(10)).Length);
        server.Send(new ChannelClose(0));
        Assert.Equal(7u, (await server.ReceiveAsync<ChannelClose>()).Recipient);
        await Assert.ThrowsAsync<SshException>(() => writing.TestTime());
        Assert.True((await channel.ReadAsync()).IsEmpty);
        Assert.Equal(0, connection.ChannelCount);
    }

    [Fact]
    public async Task A_write_waits_for_the_window_and_never_exceeds_window_or_packet_size()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection, window: 1000, maxPacket: 300);
        byte[] data = TestBytes.Of(5000);
        Task writing = channel.WriteAsync(data).AsTask();
        var received = new List<byte>();
        foreach (int expected in (int[])[300, 300, 300, 100])
            received.AddRange(await ReceivePacketAsync(server, expected));
        Assert.False(writing.IsCompleted);
        server.Send(new ChannelWindowAdjust(0, 1));
        received.AddRange(await ReceivePacketAsync(server, 1));
        server.Send(new ChannelWindowAdjust(0, uint.MaxValue));
        while (received.Count < data.Length)
            received.AddRange(await ReceivePacketAsync(server, Math.Min(300, data.Length - received.Count)));
        Assert.Equal(data, received);
        await writing.TestTime();
    }

    [Fact]
    public async Task A_cancelled_write_gives_its_memory_back_and_the_channel_may_go_on()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection, window: 10);
        using var cancel = new CancellationTokenSource();
        Task writing = channel.WriteAsync(new byte[20], cancel.Token).AsTask();
        await server.ReceiveDataAsync(10);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.TestTime());
        server.Send(new ChannelWindowAdjust(0, 100));
        await channel.WriteAsync(new byte[] { 9 });
        Assert.Equal([9], await server.ReceiveDataAsync(1));
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        using var cancel = new CancellationTokenSource();
        Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());
        server.SendData(0, [1]);
        Assert.Equal([1], (await channel.ReadAsync()).ToArray());
    }

    [Fact]
    public async Task Consumed_data_is_credited_and_unread_data_is_not()
    {
        const int window = 64 * 1024;
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        Task<Channel> opening = connection.OpenTcpAsync("db", 1, "x", 1, new() { Window = window }).AsTask();
        Assert.Equal((uint)window, (await server.ConfirmChannelAsync()).Window);
        await using Channel channel = await opening.TestTime();

        server.SendData(0, new byte[window / 2]);
        server.SendData(0, new byte[window / 2]);
        await PassAsync(server);
        Assert.Equal(window / 2, (await channel.ReadAsync()).Length);
        Assert.Equal(window / 2, (await channel.ReadAsync()).Length);
        Assert.Equal((uint)window / 2, (await server.ReceiveAsync<ChannelWindowAdjust>()).BytesToAdd);
    }

    [Fact]
    public async Task Many_tiny_packets_are_put_together()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        byte[] data = TestBytes.Of(20_000);
        foreach (byte b in data)
            server.SendData(0, [b]);
        await PassAsync(server);
        var received = new List<byte>();
        int reads = 0;
        while (received.Count < data.Length)
        {
            received.AddRange((await channel.ReadAsync()).ToArray());
            reads++;
        }

        Assert.Equal(data, received);
        Assert.InRange(reads, 1, 10);
    }

    [Fact]
    public async Task A_cancelled_open_is_closed_as_soon_as_the_server_confirms_it()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        using var cancel = new CancellationTokenSource();
        Task<Channel> opening = connection.OpenTcpAsync("slow", 1, "x", 1, cancellationToken: cancel.Token).AsTask();
        ChannelOpen open = await server.ReceiveAsync<ChannelOpen>();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.TestTime());
        server.Send(new ChannelOpenConfirmation(open.Sender, 7, 100, 100, []));
        await server.ReceiveAsync<ChannelClose>();
        server.Send(new ChannelClose(open.Sender));
        await PassAsync(server);
        Assert.Equal(0, connection.ChannelCount);
    }

    [Fact]
    public async Task The_number_of_channels_is_limited_and_a_freed_number_is_used_again()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync(server.Options() with { Connection = new() { MaxChannels = 2 } });
        await using Channel first = await OpenAsync(server, connection);
        Channel second = await OpenAsync(server, connection);
        ChannelOpenException full = await Assert.ThrowsAsync<ChannelOpenException>(() => connection.OpenTcpAsync("db", 1, "x", 1).AsTask());
        Assert.Equal(ChannelOpenFailureReason.ResourceShortage, full.Reason);
        await second.DisposeAsync();
        await server.ReceiveAsync<ChannelClose>();
        server.Send(new ChannelClose(1));
        await PassAsync(server);
        Task<Channel> opening = connection.OpenTcpAsync("db", 1, "x", 1).AsTask();
        Assert.Equal(1u, (await server.ConfirmChannelAsync()).Sender);
        await using Channel third = await opening.TestTime();
    }

    [Fact]
    public async Task When_the_connection_ends_no_two_channels_share_the_exception_whose_trace_grows_with_each_throw()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel first = await OpenAsync(server, connection);
        Task<ReadOnlyMemory<byte>> reading = first.ReadAsync().AsTask();
        Task<Channel> opening = connection.OpenTcpAsync("db", 1, "x", 1).AsTask();
        Task<byte[]?> asking = connection.RequestAsync("x", []).AsTask();
        await server.ServerStream.DisposeAsync();
        HashSet<SshClosedException> heard = new(ReferenceEqualityComparer.Instance) { await connection.Closed.TestTime() };
        foreach (Task waiting in (Task[])[reading, opening, asking])
            Assert.True(heard.Add(await Assert.ThrowsAsync<SshClosedException>(() => waiting.TestTime())));
    }

    [Fact]
    public async Task When_the_connection_ends_every_channel_and_request_hears_the_reason()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection, window: 1);
        Task<ReadOnlyMemory<byte>> reading = channel.ReadAsync().AsTask();
        Task writing = channel.WriteAsync(new byte[10]).AsTask();
        Task<Channel> opening = connection.OpenTcpAsync("db", 1, "x", 1).AsTask();
        await server.ServerStream.DisposeAsync();
        foreach (Task waiting in (Task[])[reading, writing, opening])
            Assert.Equal(CloseReason.ConnectionLost, (await Assert.ThrowsAsync<SshClosedException>(() => waiting.TestTime())).Reason);
        Assert.Equal(CloseReason.ConnectionLost, (await connection.Closed.TestTime()).Reason);
    }

    [Fact]
    public async Task A_reader_that_stops_stalls_no_other_channel()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel stalled = await OpenAsync(server, connection);
        await using Channel running = await OpenAsync(server, connection);
        for (uint sent = 0; sent < ChannelOptions.Default.Window; sent += 32 * 1024)
            server.SendData(0, new byte[32 * 1024]);
        for (int i = 0; i < 1000; i++)
        {
            server.SendData(1, [(byte)i]);
            Assert.Equal([(byte)i], (await running.ReadAsync().AsTask().TestTime()).ToArray());
        }
    }

    [Fact]
    public async Task Requests_that_nobody_knows_are_answered_with_failure_in_their_order()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        server.Send(new GlobalRequest("hostkeys-00@openssh.com", WantReply: false, [1, 2]));
        server.Send(new GlobalRequest("what@example.org", WantReply: true, []));
        server.Send(new ChannelRequest(0, "keepalive@openssh.com", WantReply: true, []));
        server.Send(new ChannelOpen("x11", 3, 100, 100, []));
        server.Send(new Adit.Ssh.Messages.Transport.Ping([5, 6]));
        await server.ReceiveAsync<RequestFailure>();
        Assert.Equal(7u, (await server.ReceiveAsync<ChannelFailure>()).Recipient);
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, (await server.ReceiveAsync<ChannelOpenFailure>()).Reason);
        Assert.Equal([5, 6], (await server.ReceiveAsync<Adit.Ssh.Messages.Transport.Pong>()).Data);
    }

    public static TheoryData<string, byte[]> Violations => new()
    {
        { "data for a channel that does not exist", [94, 0, 0, 0, 9, 0, 0, 0, 0] },
        { "data whose length is wrong", [94, 0, 0, 0, 0, 0, 0, 0, 5, 1] },
        { "data cut off", [94, 0, 0] },
        { "window grown beyond 2^32 - 1", [93, 0, 0, 0, 0, 255, 255, 255, 255] },
        { "EOF for a channel that does not exist", [96, 0, 0, 0, 1] },
        { "a confirmation that was not asked for", [91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "an open failure that was not asked for", [92, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "a reply to a global request that was not sent", [81] },
        { "channel success that was not asked for", [99, 0, 0, 0, 0] },
        { "an authentication message", [52] },
        { "a service request", [5, 0, 0, 0, 0] },
        { "NEWKEYS", [21] },
        { "a key exchange message", [31] },
        { "message number 0", [0] },
        { "bytes behind the last field", [96, 0, 0, 0, 0, 1] },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task A_violation_ends_this_connection_with_the_code_of_a_protocol_error(string what, byte[] payload)
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        server.SendPayload(payload);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
        Assert.True((await connection.Closed.TestTime()).Reason is CloseReason.ProtocolError, what);
    }

    [Fact]
    public async Task Data_past_the_window_ends_the_connection()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        Task<Channel> opening = connection.OpenTcpAsync("db", 1, "x", 1, new() { Window = 32 * 1024 }).AsTask();
        await server.ConfirmChannelAsync();
        await using Channel channel = await opening.TestTime();
        server.SendData(0, new byte[32 * 1024]);
        server.SendData(0, [1]);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
    }

    [Theory]
    [InlineData(new byte[] { 96, 0, 0, 0, 0 }, new byte[] { 96, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 96, 0, 0, 0, 0 }, new byte[] { 94, 0, 0, 0, 0, 0, 0, 0, 1, 1 })]
    public async Task Nothing_may_follow_EOF_in_its_direction(byte[] eof, byte[] next)
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        server.SendPayload(eof);
        server.SendPayload(next);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
    }

    [Fact]
    public async Task A_server_that_is_not_read_from_but_asks_on_is_cut_off_with_bounded_memory()
    {
        await using var server = new ScriptedServer(new StreamPair(capacity: 4096));
        Task<SshConnection> connecting = server.ConnectAsync();
        await using SshConnection connection = await connecting.TestTime();
        byte[] ping = [192, 0, 0, 0x40, 0, .. new byte[0x4000]];
        for (int i = 0; i < 1000 && !connection.Closed.IsCompleted; i++)
            server.SendPayload([.. ping]);
        Assert.Equal(CloseReason.ProtocolError, (await connection.Closed.TestTime()).Reason);
    }

    [Fact]
    public async Task A_silent_server_is_asked_and_given_up_after_the_count()
    {
        var time = new ManualTimeProvider();
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync(
            server.Options() with { Time = time, Connection = new() { KeepAlive = new(TimeSpan.FromSeconds(15), 3) } });
        for (int i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(15));
            GlobalRequest asked = await server.ReceiveAsync<GlobalRequest>();
            Assert.Equal(("keepalive@openssh.com", true), (asked.Name, asked.WantReply));
        }

        time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(CloseReason.KeepAliveTimeout, (await connection.Closed.TestTime()).Reason);
    }

    [Fact]
    public async Task A_server_that_answers_keepalives_is_kept()
    {
        var time = new ManualTimeProvider();
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync(
            server.Options() with { Time = time, Connection = new() { KeepAlive = new(TimeSpan.FromSeconds(15), 1) } });
        for (int i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromSeconds(15));
            await server.ReceiveAsync<GlobalRequest>();
            server.Send(default(RequestFailure));
            await PassAsync(server);
        }

        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task Data_that_is_dropped_with_the_connection_does_not_read_as_a_clean_end()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        server.SendData(0, new byte[2000]);
        server.SendData(0, [1, 2, 3]);
        server.SendPayload(96, 0, 0, 0, 0);
        await PassAsync(server);
        Assert.Equal(2000, (await channel.ReadAsync().AsTask().TestTime()).Length);
        await server.DisposeAsync();
        await connection.Closed.TestTime();
        await Assert.ThrowsAsync<SshClosedException>(() => channel.ReadAsync().AsTask()).TestTime();
    }

    [Fact]
    public async Task A_write_that_is_cut_off_is_followed_by_CLOSE_and_never_by_EOF()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        Channel channel = await OpenAsync(server, connection, window: 4);
        using var cancel = new CancellationTokenSource();
        Task writing = channel.WriteAsync(new byte[10], cancel.Token).AsTask();
        await ReceivePacketAsync(server, 4);
        channel.CompleteOutput();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing).TestTime();
        await server.ReceiveAsync(MessageNumber.ChannelClose);
        await channel.DisposeAsync();
    }

    [Fact]
    public async Task Unread_small_and_large_packets_cost_little_more_than_their_bytes()
    {
        var queue = new ReceiveQueue();
        long held = 0;
        for (int i = 0; i < 1000; i++)
        {
            foreach (int length in (int[])[1, 1025])
            {
                byte[] block = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
                var packet = new Adit.Ssh.Transport.InboundPacket(block, 0, length, 0);
                if (!queue.Add(packet, 0))
                    packet.Release();
            }
        }

        for (long taken = 0; taken < 1000 * 1026;)
        {
            ReceiveQueue.Segment segment = queue.Take();
            taken += segment.Data.Length;
            held += segment.Block!.Length;
            segment.Release();
        }

        Assert.InRange(held, 1, 3 * 1000 * 1026);
    }

    private static async Task<byte[]> ReceivePacketAsync(ScriptedServer server, int length)
    {
        byte[] payload = await server.ReceiveAsync(MessageNumber.ChannelData);
        Assert.Equal(length, payload.Length - 9);
        return payload[9..];
    }

    // The client has handled all that was sent before when it answers a ping.
    private static async Task PassAsync(ScriptedServer server)
    {
        server.Send(new Adit.Ssh.Messages.Transport.Ping([1]));
        await server.ReceiveAsync<Adit.Ssh.Messages.Transport.Pong>();
    }

    private static async Task<Channel> OpenAsync(ScriptedServer server, SshConnection connection, uint window = 1024 * 1024, uint maxPacket = 32 * 1024)
    {
        Task<Channel> opening = connection.OpenTcpAsync("db", 5432, "127.0.0.1", 1).AsTask();
        await server.ConfirmChannelAsync(window, maxPacket);
        return await opening.TestTime();
    }
}

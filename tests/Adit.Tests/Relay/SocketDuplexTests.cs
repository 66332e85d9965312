using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Ssh.Connection;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

public sealed class SocketDuplexTests
{
    public static TheoryData<AddressFamily> Families => [AddressFamily.InterNetwork, AddressFamily.Unix];

    // The relay knows no SSH, so both say it.
    [Fact]
    public void A_read_is_as_much_as_a_packet_of_ssh_carries() =>
        Assert.Equal(SocketDuplex.ChunkBytes, ConnectionOptions.Default.MaxDataPacket);

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Bytes_and_the_end_go_both_ways_one_direction_at_a_time(AddressFamily family)
    {
        (SocketDuplex near, Socket farSocket) = await SocketPair.OfAsync(family);
        await using SocketDuplex n = near;
        await using SocketDuplex far = new(farSocket);
        byte[] data = TestBytes.Of(3_000_000);

        Task sending = near.SendAsync(data, complete: true);
        Assert.Equal(data, await far.ReadToEndAsync().TestTime());
        await sending.TestTime();
        Assert.True((await far.ReadAsync(default)).IsEmpty);

        Task answering = far.SendAsync(data, complete: true);
        Assert.Equal(data, await near.ReadToEndAsync().TestTime());
        await answering.TestTime();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task A_read_waits_for_bytes_and_can_be_cancelled_without_loss(AddressFamily family)
    {
        (SocketDuplex near, Socket far) = await SocketPair.OfAsync(family);
        await using SocketDuplex n = near;
        using Socket f = far;
        using CancellationTokenSource cancel = new();
        Task<ReadOnlyMemory<byte>> reading = near.ReadAsync(cancel.Token).AsTask();
        Assert.False(reading.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());

        reading = near.ReadAsync(default).AsTask();
        await far.SendAsync(new byte[] { 1, 2, 3 });
        Assert.Equal([1, 2, 3], (await reading.TestTime()).ToArray());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Several_chunks_go_in_their_order_though_the_socket_takes_them_in_parts(AddressFamily family)
    {
        (SocketDuplex near, Socket farSocket) = await SocketPair.OfAsync(family);
        await using SocketDuplex n = near;
        await using SocketDuplex far = new(farSocket);
        byte[] data = TestBytes.Of(20 * 100_000);
        ReadOnlyMemory<byte>[] chunks = [.. Enumerable.Range(0, 20).Select(i => data.AsMemory(i * 100_000, 100_000))];

        Task sending = SendAsync();
        byte[] expected = [.. data, .. data, .. data];
        Assert.Equal(expected, await far.ReadToEndAsync().TestTime());
        await sending.TestTime();

        async Task SendAsync()
        {
            for (int i = 0; i < 3; i++)
                await near.WriteAllAsync(chunks, default);
            await near.CompleteWritingAsync(default);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task An_abort_ends_a_waiting_read_and_a_waiting_write(AddressFamily family)
    {
        (SocketDuplex near, Socket far) = await SocketPair.OfAsync(family);
        using Socket f = far;
        Task<ReadOnlyMemory<byte>> reading = near.ReadAsync(default).AsTask();
        // More than both kernel buffers hold.
        Task writing = near.WriteAsync(new byte[64 * 1024 * 1024], default).AsTask();
        Assert.False(writing.IsCompleted);

        near.Abort();
        near.Abort();

        await Assert.ThrowsAsync<IOException>(() => reading.TestTime());
        await Assert.ThrowsAsync<IOException>(() => writing.TestTime());
        await Assert.ThrowsAsync<IOException>(async () => await near.ReadAsync(default));
        await Assert.ThrowsAsync<IOException>(async () => await near.WriteAsync(new byte[1], default));
        await Assert.ThrowsAsync<IOException>(async () => await near.CompleteWritingAsync(default));
        await near.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_abort_reaches_a_tcp_peer_as_a_reset(bool whileReading)
    {
        (SocketDuplex near, Socket far) = await SocketPair.TcpAsync();
        using Socket f = far;
        await near.SendAsync([1, 2, 3]);
        Task? reading = whileReading ? near.ReadAsync(default).AsTask() : null;
        near.Abort();

        // A reset may overtake bytes under way; an end in order never may take its place.
        byte[] buffer = new byte[16];
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (await far.ReceiveAsync(buffer) > 0)
            {
            }
        }).TestTime();
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        if (reading is not null)
            await Assert.ThrowsAsync<IOException>(() => reading.TestTime());
    }

    [Fact]
    public async Task A_reset_by_the_peer_is_an_error_and_not_an_end()
    {
        (SocketDuplex near, Socket far) = await SocketPair.TcpAsync();
        await using SocketDuplex n = near;
        far.Close(0);
        IOException e = await Assert.ThrowsAsync<IOException>(() => near.ReadAsync(default).AsTask().TestTime());
        Assert.Equal("connection reset by the peer", e.Message);
    }

    [Fact]
    public async Task A_write_waits_while_the_peer_reads_nothing()
    {
        (SocketDuplex near, Socket far) = await SocketPair.TcpAsync(bufferBytes: 4096);
        await using SocketDuplex n = near;
        using Socket f = far;
        byte[] data = TestBytes.Of(8 * 1024 * 1024);
        Task writing = near.SendAsync(data, complete: true);
        Assert.False(writing.IsCompleted);

        await using SocketDuplex reader = new(far);
        Assert.Equal(data, await reader.ReadToEndAsync().TestTime());
        await writing.TestTime();
    }

    [Fact]
    public async Task An_end_after_the_peer_has_ended_and_gone_is_no_error()
    {
        (SocketDuplex near, Socket far) = await SocketPair.TcpAsync();
        await using SocketDuplex n = near;
        far.Dispose();
        Assert.Empty(await near.ReadToEndAsync().TestTime());
        await near.CompleteWritingAsync(default);
        await near.CompleteWritingAsync(default);
    }

    [Fact]
    public async Task A_connection_whose_peer_has_ended_its_direction_holds_no_block()
    {
        (SocketDuplex near, Socket far) = await SocketPair.TcpAsync();
        await using SocketDuplex n = near;
        using Socket f = far;
        far.Shutdown(SocketShutdown.Send);
        Assert.True((await near.ReadAsync(default).AsTask().TestTime()).IsEmpty);
        Assert.False(near.HoldsBlock);
    }

    [Fact]
    public async Task An_idle_connection_holds_no_block()
    {
        (SocketDuplex near, Socket far) = await SocketPair.TcpAsync();
        await using SocketDuplex n = near;
        using Socket f = far;
        await far.SendAsync(new byte[100]);
        Assert.Equal(100, (await near.ReadExactlyAsync(100).TestTime()).Length);
        Assert.True(near.HoldsBlock);

        Task<ReadOnlyMemory<byte>> reading = near.ReadAsync(default).AsTask();
        Assert.False(reading.IsCompleted);
        Assert.False(near.HoldsBlock);

        await far.SendAsync(new byte[100]);
        await reading.TestTime();
        await near.DisposeAsync();
        Assert.False(near.HoldsBlock);
    }

    [Fact]
    public async Task Tcp_sends_small_writes_at_once()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!);
        Assert.False(client.NoDelay);
        await using SocketDuplex duplex = new(client);
        Assert.True(client.NoDelay);
    }

    [Fact]
    public void A_datagram_socket_is_refused()
    {
        using Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.Throws<ArgumentException>(() => new SocketDuplex(udp));
    }
}

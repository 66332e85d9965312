using Adit.Ssh.Connection;
using Adit.Ssh.Messages;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Messages.Transport;
using Adit.Tests.Shared;

namespace Adit.Ssh.Tests.Connection;

/// <summary>Stderr, requests with replies and the peer's CLOSE, as a session needs them, against a server that a test speaks for.</summary>
public class ChannelErrorTests
{
    private const uint Window = 64 * 1024;

    [Fact]
    public async Task Stderr_is_read_apart_from_the_data_and_both_end_with_EOF()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        Task<ReadOnlyMemory<byte>> waiting = channel.ReadErrorAsync().AsTask();
        server.SendData(0, [1]);
        SendError(server, 1, [2]);
        Assert.Equal([2], (await waiting.TestTime()).ToArray());
        Assert.Equal([1], (await channel.ReadAsync()).ToArray());
        waiting = channel.ReadErrorAsync().AsTask();
        server.Send(new ChannelEof(0));
        Assert.True((await waiting.TestTime()).IsEmpty);
        Assert.True((await channel.ReadAsync()).IsEmpty);
    }

    [Fact]
    public async Task Stderr_counts_in_the_window_and_is_credited_once_it_is_read()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        SendError(server, 1, new byte[Window / 2]);
        server.SendData(0, new byte[Window / 2]);
        await PassAsync(server);
        Assert.Equal((int)Window / 2, (await channel.ReadErrorAsync()).Length);
        Task<ReadOnlyMemory<byte>> next = channel.ReadErrorAsync().AsTask();
        Assert.Equal(Window / 2, (await server.ReceiveAsync<ChannelWindowAdjust>()).BytesToAdd);
        SendError(server, 1, new byte[Window / 2]);
        Assert.Equal((int)Window / 2, (await next.TestTime()).Length);
        SendError(server, 1, new byte[1]);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
    }

    [Theory]
    [InlineData(true, 2u)]
    [InlineData(false, 1u)]
    public async Task Extended_data_that_nobody_can_read_is_credited_at_once(bool receiveErrors, uint type)
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection, receiveErrors);
        SendError(server, type, new byte[Window / 2]);
        Assert.Equal(Window / 2, (await server.ReceiveAsync<ChannelWindowAdjust>()).BytesToAdd);
    }

    [Theory]
    [InlineData(new byte[] { 95, 0, 0, 0, 0, 0, 0, 0, 1 })]
    [InlineData(new byte[] { 95, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1 })]
    [InlineData(new byte[] { 95, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 1 })]
    public async Task Malformed_extended_data_ends_the_connection(byte[] payload)
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        server.SendPayload(payload);
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
    }

    [Fact]
    public async Task A_cancelled_read_of_stderr_loses_nothing()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        using var cancel = new CancellationTokenSource();
        Task<ReadOnlyMemory<byte>> reading = channel.ReadErrorAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());
        SendError(server, 1, [7]);
        Assert.Equal([7], (await channel.ReadErrorAsync()).ToArray());
    }

    [Fact]
    public async Task Replies_belong_to_the_requests_in_their_order()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        Task<bool> terminal = channel.RequestAsync("pty-req", [1]).AsTask();
        Task<bool> shell = channel.RequestAsync("shell", []).AsTask();
        ChannelRequest first = await server.ReceiveAsync<ChannelRequest>();
        ChannelRequest second = await server.ReceiveAsync<ChannelRequest>();
        Assert.Equal((7u, "pty-req", true), (first.Recipient, first.Type, first.WantReply));
        Assert.Equal([1], first.Fields);
        Assert.Equal("shell", second.Type);
        server.Send(new ChannelFailure(0));
        server.Send(new ChannelSuccess(0));
        Assert.False(await terminal.TestTime());
        Assert.True(await shell.TestTime());
    }

    [Fact]
    public async Task A_reply_that_is_not_due_ends_the_connection()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        Task<bool> asking = channel.RequestAsync("shell", []).AsTask();
        await server.ReceiveAsync<ChannelRequest>();
        server.Send(new ChannelSuccess(0));
        Assert.True(await asking.TestTime());
        server.Send(new ChannelSuccess(0));
        Assert.Equal(DisconnectCode.ProtocolError, (await server.ReceiveDisconnectAsync()).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_without_a_reply_fail_when_the_channel_ends(bool byServer)
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        Task<bool> asking = channel.RequestAsync("shell", []).AsTask();
        await server.ReceiveAsync<ChannelRequest>();
        Task closed = channel.WaitForCloseAsync();
        Assert.False(closed.IsCompleted);
        if (byServer)
            server.Send(new ChannelClose(0));
        else
            channel.Abort();
        await Assert.ThrowsAsync<SshException>(() => asking.TestTime());
        await closed.TestTime();
        await Assert.ThrowsAsync<SshException>(() => channel.RequestAsync("shell", []).AsTask());
    }

    [Fact]
    public async Task A_late_reply_to_a_request_of_a_channel_that_was_aborted_harms_nobody()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        await using Channel channel = await OpenAsync(server, connection);
        Task<bool> asking = channel.RequestAsync("shell", []).AsTask();
        await server.ReceiveAsync<ChannelRequest>();
        channel.Abort();
        await Assert.ThrowsAsync<SshException>(() => asking.TestTime());
        await server.ReceiveAsync<ChannelClose>();
        server.Send(new ChannelSuccess(0));
        server.Send(new ChannelClose(0));
        await PassAsync(server);
        Assert.Equal(0, connection.ChannelCount);
    }

    [Fact]
    public async Task The_peers_requests_reach_the_one_who_opened_the_channel_before_it_is_known_to_be_closed()
    {
        await using var server = new ScriptedServer();
        await using SshConnection connection = await server.ConnectAsync();
        List<string> requests = [];
        Task<Channel> opening = connection.OpenAsync("session", [], null, request =>
        {
            requests.Add(request.Name);
            request.Fail();
        }).AsTask();
        await server.ConfirmChannelAsync();
        await using Channel channel = await opening.TestTime();
        server.Send(new ChannelRequest(0, "keepalive@openssh.com", WantReply: true, []));
        await server.ReceiveAsync<ChannelFailure>();
        server.Send(new ChannelRequest(0, "exit-status", WantReply: false, [0, 0, 0, 3]));
        server.Send(new ChannelEof(0));
        server.Send(new ChannelClose(0));
        await channel.WaitForCloseAsync().TestTime();
        Assert.Equal(["keepalive@openssh.com", "exit-status"], requests);
    }

    private static async Task<Channel> OpenAsync(ScriptedServer server, SshConnection connection, bool receiveErrors = true)
    {
        Task<Channel> opening = connection.OpenAsync("session", [], new() { Window = Window, ReceiveErrors = receiveErrors }).AsTask();
        await server.ConfirmChannelAsync();
        return await opening.TestTime();
    }

    private static void SendError(ScriptedServer server, uint type, byte[] data) => server.Send(new ChannelExtendedData(0, type, data));

    // The client has handled all that was sent before when it answers a ping.
    private static async Task PassAsync(ScriptedServer server)
    {
        server.Send(new Ping([1]));
        await server.ReceiveAsync<Pong>();
    }
}

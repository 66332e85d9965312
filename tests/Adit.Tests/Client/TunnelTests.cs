using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Client;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;
using Adit.Tests.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Client;

public sealed class TunnelTests : IAsyncLifetime
{
    private readonly MemoryServer _server = new();
    private readonly ManualTimeProvider _time = new();
    private readonly RecordedEvents _events = new();

    [Fact]
    public async Task A_connection_at_a_local_port_reaches_a_target_of_the_server()
    {
        await using Tunnel tunnel = await OpenAsync();
        TunnelForward forward = await tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:db:5432"), default);
        Assert.Equal("hello", await AskAsync(forward));
    }

    [Fact]
    [Trait("Surface", "S2-12")]
    public async Task A_remote_forward_listens_at_the_server_and_its_connections_reach_a_target_here()
    {
        using var target = new EchoService();
        await using Tunnel tunnel = await OpenAsync();
        SshConnection client = await _server.NextClientAsync();
        var forward = (RemoteTunnelForward)await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote($"0:localhost:{target.Port}"), default);
        Assert.Equal(new TcpipForward("localhost", 0), await _server.Asked.Reader.ReadAsync());
        Assert.Equal(40000, forward.ChosenPort);
        Assert.Equal("hello", await ConnectAtServerAsync(client, "localhost", 40000));
    }

    [Fact]
    public async Task A_connection_that_overtakes_the_news_of_its_port_is_served()
    {
        using var target = new EchoService();
        Task<string>? early = null;
        SshConnection? client = null;
        _server.Answer = (request, _) =>
        {
            early = ConnectAtServerAsync(client!, "localhost", 40001);
            request.Succeed(new TcpipForwardReply(40001).ToFields());
        };
        await using Tunnel tunnel = await OpenAsync();
        client = await _server.NextClientAsync();
        await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote($"0:localhost:{target.Port}"), default);
        Assert.Equal("hello", await early!.TestTime());
    }

    [Fact]
    public async Task A_connection_at_a_port_that_was_not_asked_for_is_refused()
    {
        await using Tunnel tunnel = await OpenAsync();
        SshConnection client = await _server.NextClientAsync();
        ChannelOpenException e = await Assert.ThrowsAsync<ChannelOpenException>(() => ConnectAtServerAsync(client, "localhost", 5432));
        Assert.Equal(ChannelOpenFailureReason.AdministrativelyProhibited, e.Reason);
    }

    [Fact]
    public async Task A_cancelled_remote_forward_is_taken_back_and_its_connections_go_on()
    {
        using var target = new EchoService();
        await using Tunnel tunnel = await OpenAsync();
        SshConnection client = await _server.NextClientAsync();
        await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote($"7000:localhost:{target.Port}"), default);
        await using Adit.Ssh.Connection.Channel open = await OpenAtServerAsync(client, "localhost", 7000);
        Assert.True(await tunnel.CancelAsync(ForwardDirection.Remote, ListenSpec.Tcp(7000)));
        Assert.Equal(new TcpipForward("localhost", 7000), await _server.Cancelled.Reader.ReadAsync());
        await open.WriteAsync("still"u8.ToArray());
        Assert.Equal("still", Encoding.ASCII.GetString((await open.ReadAsync()).Span));
        Assert.False(await tunnel.CancelAsync(ForwardDirection.Remote, ListenSpec.Tcp(7000)));
    }

    [Fact]
    public async Task What_the_server_refuses_to_listen_for_is_an_error_that_names_the_server()
    {
        _server.Answer = static (request, _) => request.Fail();
        await using Tunnel tunnel = await OpenAsync();
        ListenException e = await Assert.ThrowsAsync<ListenException>(
            () => tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote("7000:localhost:1"), default));
        Assert.Contains("server", e.Message, StringComparison.Ordinal);
        Assert.Empty(tunnel.Forwards);
    }

    [Fact]
    public async Task Without_reconnection_the_tunnel_ends_with_its_link()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: false);
        SshConnection client = await _server.NextClientAsync();
        client.Close(CloseReason.Closed, "going down");
        SshClosedException end = await tunnel.Ended.TestTime();
        Assert.Contains("going down", end.Message, StringComparison.Ordinal);
        Assert.Null(tunnel.Link);
    }

    [Fact]
    public async Task After_a_loss_the_local_port_is_the_same_and_what_came_meanwhile_is_served()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        TunnelForward forward = await tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:db:5432"), default);
        IReadOnlyList<Endpoint> before = forward.Endpoints;
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        await NextAsync<LinkLost>();
        Task<string> meanwhile = AskAsync(forward);
        await RestoreAsync();
        Assert.Equal("hello", await meanwhile.TestTime());
        Assert.Equal(before, forward.Endpoints);
        Assert.False(tunnel.Ended.IsCompleted);
    }

    [Fact]
    public async Task What_waits_too_long_for_the_link_is_refused_with_the_reason()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        TunnelForward forward = await tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:db:5432"), default);
        _server.Refusals = int.MaxValue;
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        await NextAsync<LinkLost>();
        using var client = new TcpClient(AddressFamily.InterNetwork);
        await client.ConnectAsync(IPAddress.Loopback, forward.Endpoints[0].Port);
        await Until.Holds(() => forward.Connections.Count > 0);
        ConnectionRefused? refused = null;
        while (refused is null)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
            while (!_events.IsEmpty)
                refused = await _events.NextAnyAsync() as ConnectionRefused ?? refused;
        }

        Assert.Equal(DialFailure.ConnectionLost, refused.Refusal.Failure);
        Assert.Contains("is down for", refused.Refusal.Reason, StringComparison.Ordinal);
        Assert.Contains("going down", refused.Refusal.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attempts_go_on_with_growing_pauses_until_one_succeeds()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        _server.Refusals = 5;
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        var pauses = new List<TimeSpan>();
        while (true)
        {
            await Until.Holds(() => !_events.IsEmpty, () => _time.Advance(TimeSpan.FromMilliseconds(50)));

            TunnelEvent happened = await _events.NextAnyAsync();
            if (happened is LinkFailed failed)
                pauses.Add(failed.Pause);
            else if (happened is LinkRestored)
                break;
        }

        Assert.Equal(5, pauses.Count);
        Assert.Equal(pauses.Order(), pauses);
        Assert.Equal(7, _server.Dials);
    }

    [Fact]
    public async Task A_server_that_is_silent_after_this_machine_slept_is_connected_to_again()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        _server.FallSilent();
        _time.Sleep(TimeSpan.FromMinutes(1));
        await Until.Holds(() => !_events.IsEmpty, () => _time.Advance(TimeSpan.FromMilliseconds(200)));
        Assert.Contains("slept", (await NextAsync<LinkLost>()).Reason, StringComparison.Ordinal);
        await RestoreAsync();
    }

    [Fact]
    public async Task Who_is_not_let_in_any_more_does_not_try_on()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        _server.Fails = new SshAuthException("no method was accepted", [], []);
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        await Until.Holds(() => tunnel.Ended.IsCompleted, () => _time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal(CloseReason.AuthenticationFailed, (await tunnel.Ended).Reason);
        Assert.Equal(2, _server.Dials);
    }

    [Fact]
    public async Task A_remote_forward_is_asked_for_again_with_the_port_that_was_chosen_and_until_the_server_agrees()
    {
        using var target = new EchoService();
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        SshConnection client = await _server.NextClientAsync();
        await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote($"0:localhost:{target.Port}"), default);
        int held = 2;
        _server.Answer = (request, asked) =>
        {
            // The old listener is still there.
            if (held-- > 0)
                request.Fail();
            else
                request.Succeed();
        };
        client.Close(CloseReason.Closed, "going down");
        await NextAsync<LinkLost>();
        await RestoreAsync();
        client = await _server.NextClientAsync();
        await NextAsync<RemoteForwardWaits>();
        await Until.Holds(() => tunnel.Forwards[0].Endpoints.Count > 0 && held <= -1, () => _time.Advance(TimeSpan.FromSeconds(1)));

        Assert.Equal("hello", await ConnectAtServerAsync(client, "localhost", 40000));
        var asked = new List<uint>();
        while (_server.Asked.Reader.TryRead(out TcpipForward one))
            asked.Add(one.Port);
        Assert.Equal([0, 40000, 40000, 40000], asked);
    }

    [Fact]
    public async Task A_port_that_the_server_chose_gives_way_to_another_one_only_when_it_stays_in_use_for_minutes()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        SshConnection client = await _server.NextClientAsync();
        var forward = (RemoteTunnelForward)await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote("0:localhost:1"), default);
        _server.Answer = static (request, asked) =>
        {
            if (asked.Port == 0)
                request.Succeed(new TcpipForwardReply(40001).ToFields());
            else
                request.Fail();
        };
        client.Close(CloseReason.Closed, "going down");
        await NextAsync<LinkLost>();
        await RestoreAsync();
        await NextAsync<RemoteForwardWaits>();
        DateTimeOffset since = _time.GetUtcNow();
        await Until.Holds(() => forward.ChosenPort != 40000, () => _time.Advance(TimeSpan.FromSeconds(1)));

        Assert.True(_time.GetUtcNow() - since >= TimeSpan.FromMinutes(1.9));
        RemotePortChanged changed = await NextAsync<RemotePortChanged>();
        Assert.Equal((40000, 40001), (changed.Before, changed.Port));
    }

    [Fact]
    public async Task A_remote_forward_that_waits_for_the_server_can_be_cancelled_and_is_asked_for_no_more()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        SshConnection client = await _server.NextClientAsync();
        await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote("7000:localhost:1"), default);
        _server.Answer = static (request, _) => request.Fail();
        client.Close(CloseReason.Closed, "going down");
        await NextAsync<LinkLost>();
        await RestoreAsync();
        await NextAsync<RemoteForwardWaits>();
        Assert.True(await tunnel.CancelAsync(ForwardDirection.Remote, ListenSpec.Tcp(7000)));
        int asked = _server.Asked.Reader.Count;
        for (int i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        Assert.Equal(asked, _server.Asked.Reader.Count);
    }

    [Fact]
    public async Task A_remote_forward_that_is_cancelled_while_the_server_is_asked_again_is_taken_back()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        SshConnection client = await _server.NextClientAsync();
        await tunnel.AddAsync(ForwardDirection.Remote, ForwardSpec.ParseRemote("7000:localhost:1"), default);
        var again = new TaskCompletionSource<IncomingRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Answer = (request, _) => again.SetResult(request);
        client.Close(CloseReason.Closed, "going down");
        await NextAsync<LinkLost>();
        await RestoreAsync();
        IncomingRequest request = await again.Task.TestTime();
        Assert.True(await tunnel.CancelAsync(ForwardDirection.Remote, ListenSpec.Tcp(7000)));
        request.Succeed();
        Assert.Equal(new TcpipForward("localhost", 7000), await _server.Cancelled.Reader.ReadAsync().AsTask().TestTime());
    }

    [Fact]
    public async Task A_fault_in_connecting_again_ends_the_tunnel_and_leaves_nobody_waiting()
    {
        await using Tunnel tunnel = await OpenAsync(reconnect: true);
        _server.Fails = new InvalidOperationException("a fault");
        (await _server.NextClientAsync()).Close(CloseReason.Closed, "going down");
        await Until.Holds(() => tunnel.Ended.IsCompleted, () => _time.Advance(TimeSpan.FromSeconds(1)));

        SshClosedException end = await tunnel.Ended;
        Assert.Equal((CloseReason.InternalError, "a fault"), (end.Reason, end.Message));
    }

    [Fact]
    public async Task The_late_news_that_an_old_link_was_lost_does_not_count_for_the_new_one()
    {
        await using SshLink first = await _server.ConnectAsync(default);
        await using SshLink second = await _server.ConnectAsync(default);
        var link = new ChangingLink(first, TimeSpan.FromSeconds(15), _time);
        link.OnLost(first, "going down");
        Assert.Null(link.Current);
        link.OnRestored(second);
        link.OnLost(first, "going down");
        Assert.Same(second, link.Current);
    }

    [Fact]
    public async Task A_tunnel_ends_when_it_is_as_old_as_it_may_get_and_when_it_was_unused_for_long()
    {
        await using (Tunnel old = await OpenAsync(change: options => options with { Lifetime = TimeSpan.FromHours(1) }))
            Assert.Contains("AditLifetime", (await AdvanceToEndAsync(old, TimeSpan.FromMinutes(10))).Message, StringComparison.Ordinal);
        await using (Tunnel unused = await OpenAsync(change: options => options with { IdleTimeout = TimeSpan.FromMinutes(5) }))
            Assert.Contains("AditIdleTimeout", (await AdvanceToEndAsync(unused, TimeSpan.FromMinutes(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_frees_the_ports_and_leaves_the_server()
    {
        Tunnel tunnel = await OpenAsync(reconnect: true);
        SshConnection client = await _server.NextClientAsync();
        TunnelForward forward = await tunnel.AddAsync(ForwardDirection.Local, ForwardSpec.ParseLocal("0:db:5432"), default);
        int port = forward.Endpoints[0].Port;
        await tunnel.DisposeAsync();
        await client.Closed.TestTime();
        using var taker = new TcpListener(IPAddress.Loopback, port);
        taker.Start();
        Assert.Equal(CloseReason.Closed, (await tunnel.Ended).Reason);
        Assert.Equal(1, _server.Dials);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    private Task<Tunnel> OpenAsync(bool reconnect = false, Func<TunnelOptions, TunnelOptions>? change = null)
    {
        var options = new TunnelOptions { Reconnect = reconnect, Events = _events, Time = _time, Random = static () => 0.5 };
        return Tunnel.OpenAsync("server", _server.ConnectAsync, change?.Invoke(options) ?? options, default).TestTime();
    }

    private async Task<T> NextAsync<T>()
        where T : TunnelEvent
    {
        while (true)
        {
            if (await _events.NextAnyAsync() is T found)
                return found;
        }
    }

    private async Task RestoreAsync()
    {
        Task<LinkRestored> restored = NextAsync<LinkRestored>();
        await Until.Holds(() => restored.IsCompleted, () => _time.Advance(TimeSpan.FromMilliseconds(50)));

        await restored;
    }

    private async Task<SshClosedException> AdvanceToEndAsync(Tunnel tunnel, TimeSpan step)
    {
        await Until.Holds(() => tunnel.Ended.IsCompleted, () => _time.Advance(step));

        return await tunnel.Ended;
    }

    private static async Task<string> AskAsync(TunnelForward forward)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Parse(forward.Endpoints[0].Host!), forward.Endpoints[0].Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("hello"u8.ToArray());
        byte[] answer = new byte[5];
        await stream.ReadExactlyAsync(answer).AsTask().TestTime();
        return Encoding.ASCII.GetString(answer);
    }

    private static async Task<string> ConnectAtServerAsync(SshConnection client, string host, int port)
    {
        await using Adit.Ssh.Connection.Channel channel = await OpenAtServerAsync(client, host, port);
        await channel.WriteAsync("hello"u8.ToArray());
        return Encoding.ASCII.GetString((await channel.ReadAsync().AsTask().TestTime()).Span);
    }

    private static async Task<Adit.Ssh.Connection.Channel> OpenAtServerAsync(SshConnection client, string host, int port) =>
        await client.OpenAsync(DirectTcpip.ForwardedChannelType, new DirectTcpip(host, (uint)port, "10.0.0.7", 4711).ToFields()).AsTask().TestTime();

    /// <summary>A TCP service here that sends back what it gets.</summary>
    private sealed class EchoService : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public EchoService()
        {
            _listener.Start();
            _ = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                    _ = EchoAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private static async Task EchoAsync(TcpClient client)
        {
            using (client)
            {
                try
                {
                    await client.GetStream().CopyToAsync(client.GetStream());
                }
                catch (IOException)
                {
                    // The peer left.
                }
            }
        }
    }
}

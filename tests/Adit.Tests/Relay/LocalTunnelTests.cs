using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Adit.Platform;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

/// <summary>Whole tunnels over real sockets: local listener, admission by the kernel's word, TCP or Unix dialer, relay.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalTunnelTests : IAsyncLifetime
{
    private readonly RecordedEvents _events = new();
    private readonly ConcurrentBag<Task> _echoes = [];
    private LocalListener _server = null!;
    private Task _serving = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _server = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
        _serving = ServeAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _serving.TestTime();
        await Task.WhenAll(_echoes).TestTime();
    }

    [Fact]
    public async Task Two_hundred_connections_at_once_carry_their_bytes_unharmed()
    {
        await using Forward forward = await StartAsync(ListenSpec.Tcp(0));
        int port = forward.Endpoints[0].Port;
        string[] hosts = ["127.0.0.1", "::1"];
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            byte[] data = TestBytes.Of(1 + (i * 1371), seed: i);
            await using SocketDuplex client = new(await LocalListenerTests.ConnectAsync(hosts[i % 2], port));
            Task sending = client.SendAsync(data, complete: true);
            byte[] returned = await client.ReadToEndAsync();
            await sending;
            Assert.Equal(SHA256.HashData(data), SHA256.HashData(returned));
        })).TestTime();
        await forward.StopAsync(TimeSpan.FromSeconds(20)).TestTime();

        await _events.NextAsync<ListenerOpened>();
        long bytes = 0;
        int closed = 0;
        while (closed < 200)
        {
            if (await _events.NextAnyAsync() is ConnectionClosed connection)
            {
                Assert.Equal((RelayEnd.Completed, connection.BytesToTarget), (connection.End, connection.BytesFromTarget));
                Assert.Equal(LinuxCalls.GetEffectiveUserId(), connection.Peer!.Uid);
                bytes += connection.BytesToTarget;
                closed++;
            }
        }
        Assert.Equal(Enumerable.Range(0, 200).Sum(i => 1L + (i * 1371)), bytes);
    }

    [Fact]
    [Trait("Surface", "S0-8")]
    public async Task Another_users_connection_is_reset_before_a_byte_moves()
    {
        PeerIdentity stranger = new(OtherUser.IsPossible ? OtherUser.Uid : LinuxCalls.GetEffectiveUserId() + 1);
        Admission admission = OtherUser.IsPossible
            ? Admission.SameUser
            : new RuleAdmission(AdmissionRule.SameUser, new FixedIdentifier(stranger), LinuxCalls.GetEffectiveUserId());
        await using Forward forward = await StartAsync(ListenSpec.Tcp(0), admission);
        await _events.NextAsync<ListenerOpened>();

        IPEndPoint end = new(IPAddress.Loopback, forward.Endpoints[0].Port);
        await AssertRefusedAsync(() => Task.FromResult(
            OtherUser.IsPossible ? OtherUser.Run(() => TcpPair.Connected(end)) : TcpPair.Connected(end)));
        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal(new Refusal(RefusalKind.NotAdmitted, "the tunnel admits only the user who runs the tunnel"), refused.Refusal);
        Assert.Equal(stranger.Uid, refused.Peer!.Uid);
        Assert.Empty(_echoes);
    }

    [Fact]
    public async Task A_peer_that_cannot_be_determined_is_reset()
    {
        Admission admission = new RuleAdmission(AdmissionRule.SameUser, new FixedIdentifier(null), LinuxCalls.GetEffectiveUserId());
        await using Forward forward = await StartAsync(ListenSpec.Tcp(0), admission);
        await _events.NextAsync<ListenerOpened>();
        await AssertRefusedAsync(() => LocalListenerTests.ConnectAsync("::1", forward.Endpoints[0].Port));
        Assert.Equal(
            "the tunnel admits only the user who runs the tunnel; the peer is gone or could not be determined", (await _events.NextAsync<ConnectionRefused>()).Refusal.Reason);
    }

    [Fact]
    [Trait("Surface", "S4-6")]
    public async Task A_target_that_refuses_resets_the_client_and_the_listener_stays()
    {
        await using LocalListener free = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
        Endpoint dead = free.Endpoints[0];
        await free.DisposeAsync();
        await using Forward forward = await StartAsync(ListenSpec.Tcp(0), target: dead);
        await _events.NextAsync<ListenerOpened>();
        for (int i = 0; i < 3; i++)
        {
            await AssertRefusedAsync(() => LocalListenerTests.ConnectAsync("127.0.0.1", forward.Endpoints[0].Port));
            Assert.Equal(DialFailure.Refused, (await _events.NextAsync<ConnectionRefused>()).Refusal.Failure);
        }
    }

    [Fact]
    public async Task A_client_that_resets_is_named_as_the_one_who_failed_and_the_target_is_reset()
    {
        await using Forward forward = await StartAsync(ListenSpec.Tcp(0));
        await _events.NextAsync<ListenerOpened>();
        Socket client = await LocalListenerTests.ConnectAsync("127.0.0.1", forward.Endpoints[0].Port);
        await _events.NextAsync<ConnectionOpened>();
        client.Close(0);
        ConnectionClosed closed = await _events.NextAsync<ConnectionClosed>();
        Assert.Equal((RelayEnd.NearFailed, "connection reset by the peer"), (closed.End, closed.Failure));
    }

    [Fact]
    public async Task Disposing_resets_what_is_open_and_frees_the_port()
    {
        Forward forward = await StartAsync(ListenSpec.Tcp(0));
        int port = forward.Endpoints[0].Port;
        using Socket client = await LocalListenerTests.ConnectAsync("127.0.0.1", port);
        await client.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).TestTime());

        await forward.DisposeAsync().AsTask().TestTime();

        await AssertRefusedAsync(() => Task.FromResult(client));
        await using LocalListener again = await LocalListener.BindAsync(ListenSpec.Tcp(port));
    }

    [Fact]
    public async Task A_unix_socket_tunnel_carries_bytes_and_knows_its_peer()
    {
        string path = Path.Combine(Path.GetTempPath(), $"adit-{Guid.NewGuid():N}.sock");
        await using Forward forward = await StartAsync(ListenSpec.Unix(path));
        await _events.NextAsync<ListenerOpened>();
        DialedConnection dialed = await new UnixDialer().DialAsync(Endpoint.Unix(path), ConnectionOrigin.ThisProcess, default);
        await using Duplex client = dialed.Duplex;
        await client.SendAsync([1, 2, 3], complete: true);
        Assert.Equal([1, 2, 3], await client.ReadToEndAsync().TestTime());
        ConnectionOpened opened = await _events.NextAsync<ConnectionOpened>();
        Assert.Equal(Environment.ProcessId, opened.Peer!.Pid);
        Assert.Equal(
            $"app → {path} (this machine) → {_server.Endpoints[0]} (this machine)", opened.Route.ToString());
    }

    // The reset may come before the client has taken note that it is connected.
    private static async Task AssertRefusedAsync(Func<Task<Socket>> connect)
    {
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using Socket client = await connect();
            await client.ReceiveAsync(new byte[1]).TestTime();
        });
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
    }

    [Fact]
    [Trait("Surface", "S0-8")]
    public async Task A_peer_that_left_its_end_to_somebody_else_is_refused_with_what_it_had_sent()
    {
        TaskCompletionSource<IPEndPoint> asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Forward forward = await StartAsync(ListenSpec.Tcp(0, "127.0.0.1"), new FakeAdmission(async (request, stop) =>
        {
            if (asked.TrySetResult(request.Connection.Peer!.Remote!))
                await taken.Task.WaitAsync(stop);
            return await Admission.SameUser.AdmitAsync(request, stop);
        }));
        await _events.NextAsync<ListenerOpened>();
        IPEndPoint target = new(IPAddress.Loopback, forward.Endpoints[0].Port);
        Socket first = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // An address of its own, at which nobody is given the port meanwhile.
        first.Bind(new IPEndPoint(IPAddress.Parse("127.77.7.7"), 0));
        await first.ConnectAsync(target);
        IPEndPoint end = await asked.Task.TestTime();
        await first.SendAsync("not to be passed on"u8.ToArray());

        first.Close(timeout: 0);
        using Socket second = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        second.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        second.Bind(end);
        await second.ConnectAsync(target);
        taken.SetResult();

        ConnectionRefused refused = await RefusedAsync();
        Assert.Equal(RefusalKind.PeerGone, refused.Refusal.Kind);
        await second.SendAsync("mine"u8.ToArray());
        byte[] answer = new byte[16];
        Assert.Equal(4, await second.ReceiveAsync(answer).TestTime());
        Assert.Equal("mine"u8, answer.AsSpan(0, 4));

        async Task<ConnectionRefused> RefusedAsync()
        {
            while (true)
            {
                if (await _events.NextAnyAsync() is ConnectionRefused one)
                    return one;
            }
        }
    }

    private async Task<Forward> StartAsync(ListenSpec spec, Admission? admission = null, Endpoint? target = null)
    {
        LocalListener listener = await LocalListener.BindAsync(spec);
        ForwardOptions options = new() { Events = _events };
        if (admission is not null)
            options = options with { Admission = admission };
        return Forward.Start(listener, target ?? _server.Endpoints[0], new TcpDialer(), options);
    }

    private async Task ServeAsync()
    {
        while (await _server.AcceptAsync(default) is { } incoming)
            _echoes.Add(EchoAsync(await incoming.AcceptAsync(default)));
    }

    private static async Task EchoAsync(Duplex duplex)
    {
        await using Duplex d = duplex;
        try
        {
            while (await duplex.ReadAsync(default) is { IsEmpty: false } chunk)
                await duplex.WriteAsync(chunk, default);
            await duplex.CompleteWritingAsync(default);
        }
        catch (IOException)
        {
            // The tunnel was reset, as the tests of resets want it.
            duplex.Abort();
        }
    }

    private sealed class FixedIdentifier(PeerIdentity? identity) : IPeerIdentifier
    {
        public ValueTask<PeerIdentity?> IdentifyAsync(PeerSocket peer, CancellationToken cancellationToken) => new(identity);
    }
}

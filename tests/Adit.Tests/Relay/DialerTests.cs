using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

public sealed class DialerTests : IDisposable
{
    private static readonly IPAddress Dead = IPAddress.Parse("127.0.0.2");

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _port;

    public DialerTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_tcp_target_is_connected_and_the_leg_stays_on_this_machine()
    {
        DialedConnection dialed = await DialAsync(new TcpDialer(), "127.0.0.1").TestTime();
        await using Duplex duplex = dialed.Duplex;
        using Socket accepted = await _listener.AcceptAsync();
        await duplex.SendAsync([1, 2, 3]);
        byte[] buffer = new byte[8];
        Assert.Equal(3, await accepted.ReceiveAsync(buffer));
        Assert.Equal($"this machine → 127.0.0.1:{_port} (this machine)", dialed.Route.ToString());
    }

    [Fact]
    public async Task A_name_whose_address_is_loopback_is_judged_by_the_address()
    {
        TcpDialer dialer = new(new() { Resolve = static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]) });
        DialedConnection dialed = await DialAsync(dialer, "db.example").TestTime();
        await using Duplex duplex = dialed.Duplex;
        Assert.False(dialed.Route.HasPlaintext);
    }

    [Fact]
    public async Task A_dead_first_address_keeps_the_next_one_waiting_only_for_the_attempt_delay()
    {
        // A listener whose queue is full lets further connections hang.
        using Socket full = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(Dead, _port));
        full.Listen(0);
        using Socket queued = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await queued.ConnectAsync(full.LocalEndPoint!);
        TcpDialer dialer = new(new()
        {
            AttemptDelay = TimeSpan.FromMilliseconds(20),
            Resolve = static (_, _) => Task.FromResult<IPAddress[]>([Dead, IPAddress.Loopback]),
        });
        DialedConnection dialed = await DialAsync(dialer, "db.example").TestTime();
        using Socket accepted = await _listener.AcceptAsync().TestTime();
        await dialed.Duplex.DisposeAsync();
    }

    [Fact]
    public async Task An_address_that_refuses_lets_the_next_one_try_at_once()
    {
        TcpDialer dialer = new(new()
        {
            // Nothing listens on ::1 at this port; only the refusal can start the second attempt.
            AttemptDelay = TimeSpan.FromDays(1),
            Timeout = TimeSpan.FromDays(2),
            Resolve = static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback, IPAddress.Loopback]),
        });
        DialedConnection dialed = await DialAsync(dialer, "db.example").TestTime();
        await dialed.Duplex.DisposeAsync();
    }

    [Fact]
    public async Task A_port_nobody_listens_on_is_refused()
    {
        _listener.Dispose();
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(new TcpDialer(), "127.0.0.1").TestTime());
        Assert.Equal(DialFailure.Refused, e.Failure);
        Assert.Equal($"cannot connect to 127.0.0.1:{_port}: connection refused", e.Message);
    }

    [Fact]
    public async Task When_every_address_fails_the_first_failure_is_told()
    {
        _listener.Dispose();
        TcpDialer dialer = new(new() { Resolve = static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.IPv6Loopback]) });
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(dialer, "db.example").TestTime());
        Assert.Equal(DialFailure.Refused, e.Failure);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_told_as_such()
    {
        TcpDialer dialer = new(new() { Resolve = static (_, _) => throw new SocketException((int)SocketError.HostNotFound) });
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(dialer, "nowhere.invalid").TestTime());
        Assert.Equal(DialFailure.NameNotFound, e.Failure);
    }

    [Fact]
    public async Task A_resolver_that_never_answers_ends_with_the_timeout()
    {
        ManualTimeProvider clock = new();
        TcpDialer dialer = new(new()
        {
            Timeout = TimeSpan.FromSeconds(10),
            TimeProvider = clock,
            Resolve = static (_, _) => new TaskCompletionSource<IPAddress[]>().Task,
        });
        Task<DialedConnection> dialing = DialAsync(dialer, "slow.example");
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(dialing.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        DialException e = await Assert.ThrowsAsync<DialException>(() => dialing.TestTime());
        Assert.Equal((DialFailure.TimedOut, "no answer within 10 s"), (e.Failure, e.Reason));
    }

    [Fact]
    public async Task A_cancelled_dial_is_cancelled_and_not_failed()
    {
        using CancellationTokenSource cancel = new();
        TcpDialer dialer = new(new() { Resolve = static (_, _) => new TaskCompletionSource<IPAddress[]>().Task });
        Task<DialedConnection> dialing = dialer
            .DialAsync(Endpoint.Tcp("slow.example", 1), ConnectionOrigin.ThisProcess, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dialing.TestTime());
    }

    [Fact]
    public async Task Only_the_wanted_family_is_tried()
    {
        TcpDialer dialer = new(new()
        {
            AddressFamily = AddressFamily.InterNetworkV6,
            Resolve = static (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
        });
        DialException e = await Assert.ThrowsAsync<DialException>(() => DialAsync(dialer, "db.example").TestTime());
        Assert.Equal(DialFailure.NameNotFound, e.Failure);
    }

    [Fact]
    public async Task A_unix_target_is_connected()
    {
        string path = Path.Combine(Path.GetTempPath(), $"adit-{Guid.NewGuid():N}.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        DialedConnection dialed = await DialUnixAsync(path).TestTime();
        await using Duplex duplex = dialed.Duplex;
        Assert.Equal($"this machine → {path} (this machine)", dialed.Route.ToString());
    }

    [Fact]
    public async Task An_abstract_unix_name_is_connected()
    {
        string name = $"adit-{Guid.NewGuid():N}";
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint("\0" + name));
        listener.Listen();
        DialedConnection dialed = await DialUnixAsync("@" + name).TestTime();
        await dialed.Duplex.DisposeAsync();
    }

    [Fact]
    public async Task A_socket_file_that_is_missing_or_dead_or_too_long_is_told_apart()
    {
        string path = Path.Combine(Path.GetTempPath(), $"adit-{Guid.NewGuid():N}.sock");
        Assert.Equal(DialFailure.NameNotFound, (await Assert.ThrowsAsync<DialException>(() => DialUnixAsync(path))).Failure);
        await File.WriteAllTextAsync(path, "");
        Assert.Equal(DialFailure.Refused, (await Assert.ThrowsAsync<DialException>(() => DialUnixAsync(path))).Failure);
        File.Delete(path);
        DialException tooLong = await Assert.ThrowsAsync<DialException>(() => DialUnixAsync("/tmp/" + new string('x', 200)));
        Assert.Contains("too long", tooLong.Message, StringComparison.Ordinal);
    }

    private Task<DialedConnection> DialAsync(TcpDialer dialer, string host) =>
        dialer.DialAsync(Endpoint.Tcp(host, _port), ConnectionOrigin.ThisProcess, default).AsTask();

    private static Task<DialedConnection> DialUnixAsync(string path) =>
        new UnixDialer().DialAsync(Endpoint.Unix(path), ConnectionOrigin.ThisProcess, default).AsTask();
}

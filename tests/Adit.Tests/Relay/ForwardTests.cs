using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

public sealed class ForwardTests
{
    private static readonly Endpoint Db = Endpoint.Parse("db:5432");

    private readonly FakeListener _listener = new();
    private readonly FakeDialer _dialer = new();
    private readonly RecordedEvents _events = new();
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    [Trait("Surface", "S1-5")]
    public async Task A_connection_is_reported_from_its_opening_to_its_end()
    {
        await using Forward forward = Start(Db);
        ListenerOpened opened = await _events.NextAsync<ListenerOpened>();
        Assert.Equal((_listener.Endpoints, false, Db), (opened.Endpoints, opened.IsExposed, opened.Target));
        Assert.Equal(0, _dialer.Dials);

        FakeIncoming incoming = _listener.Connect();
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        ConnectionOpened open = await _events.NextAsync<ConnectionOpened>();
        Assert.Equal("app → fake:1 (this machine) → db:5432 (PLAINTEXT)", open.Route.ToString());
        Assert.Equal((incoming.Origin, Db), (open.Origin, open.Target));

        await incoming.Client.SendAsync([1, 2, 3], complete: true);
        Assert.Equal([1, 2, 3], await server.ReadToEndAsync().TestTime());
        ForwardedConnection live = Assert.Single(forward.Connections);
        Assert.Equal((open.ConnectionId, open.Route), (live.Id, live.Route));
        _clock.Advance(TimeSpan.FromSeconds(7));
        await server.SendAsync([4, 5], complete: true);
        Assert.Equal([4, 5], await incoming.Client.ReadToEndAsync().TestTime());

        ConnectionClosed closed = await _events.NextAsync<ConnectionClosed>();
        Assert.Equal(open.ConnectionId, closed.ConnectionId);
        Assert.Equal((3L, 2L), (closed.BytesToTarget, closed.BytesFromTarget));
        Assert.Equal((RelayEnd.Completed, TimeSpan.FromSeconds(7), null), (closed.End, closed.Duration, closed.Failure));
        Assert.Equal(open.Time + TimeSpan.FromSeconds(7), closed.Time);
        Assert.True(incoming.Near.IsDisposed && _dialer.LastFar!.IsDisposed);

        await forward.StopAsync();
        await _events.NextAsync<ListenerClosed>();
        Assert.Empty(forward.Connections);
        Assert.True(_listener.IsDisposed && _events.IsEmpty);
    }

    [Fact]
    [Trait("Surface", "S4-6")]
    public async Task A_failed_dial_ends_its_own_connection_and_the_listener_goes_on()
    {
        await using Forward forward = Start(null);
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming failing = _listener.Connect(Endpoint.Parse("refused:1"));

        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal(
            new Refusal(RefusalKind.DialFailed, "cannot connect to refused:1: connection refused", DialFailure.Refused), refused.Refusal);
        Assert.Equal(refused.Refusal, await failing.Refused.Task.TestTime());
        Assert.Equal(Endpoint.Parse("refused:1"), refused.Target);

        _listener.Connect(Db);
        await _events.NextAsync<ConnectionOpened>();
    }

    [Fact]
    public async Task A_dialer_with_a_bug_ends_only_the_connection()
    {
        await using Forward forward = Start(null);
        await _events.NextAsync<ListenerOpened>();
        _listener.Connect(Endpoint.Parse("bug:1"));
        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal((RefusalKind.DialFailed, DialFailure.Other), (refused.Refusal.Kind, refused.Refusal.Failure));
        _listener.Connect(Db);
        await _events.NextAsync<ConnectionOpened>();
    }

    [Fact]
    public async Task Connections_are_served_while_others_hang_in_their_dial()
    {
        await using Forward forward = Start(null);
        await _events.NextAsync<ListenerOpened>();
        for (int i = 0; i < 50; i++)
            _listener.Connect(Endpoint.Parse("hang:1"));
        FakeIncoming incoming = _listener.Connect(Db);
        await _events.NextAsync<ConnectionOpened>();
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        await incoming.Client.SendAsync([1]);
        Assert.Equal([1], await server.ReadExactlyAsync(1).TestTime());
        Assert.Equal(51, forward.Connections.Count);
    }

    [Fact]
    public async Task A_dial_that_hangs_ends_with_the_timeout()
    {
        await using Forward forward = Start(Endpoint.Parse("hang:1"), new() { DialTimeout = TimeSpan.FromSeconds(60) });
        await _events.NextAsync<ListenerOpened>();
        _listener.Connect();
        // The listener's wait has no timer; the admission's is gone when the dial's is there.
        await Until.Holds(() => _dialer.Dials == 1);
        _clock.Advance(TimeSpan.FromSeconds(60));
        Refusal refusal = (await _events.NextAsync<ConnectionRefused>()).Refusal;
        Assert.Equal((RefusalKind.DialFailed, DialFailure.TimedOut), (refusal.Kind, refusal.Failure));
        Assert.Equal("cannot connect to hang:1: no answer within 60 s", refusal.Reason);
    }

    [Fact]
    [Trait("Surface", "S0-7")]
    public async Task A_peer_that_is_not_admitted_is_refused_before_anything_is_dialled()
    {
        PeerIdentity stranger = new(4711) { Pid = 1, Executable = "/usr/bin/nc" };
        await using Forward forward = Start(Db, Admitting((_, _) => new(AdmissionVerdict.Refuse("not you", stranger))));
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming incoming = _listener.Connect();
        await incoming.Client.SendAsync([1]);

        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal((new Refusal(RefusalKind.NotAdmitted, "not you"), stranger), (refused.Refusal, refused.Peer));
        Assert.Equal(0, _dialer.Dials);
        Assert.Equal(1, incoming.Near.Waiting);
    }

    [Fact]
    public async Task An_admission_that_fails_or_never_answers_is_a_refusal()
    {
        int asked = 0;
        await using Forward forward = Start(Db, Admitting(async (_, cancellationToken) =>
        {
            if (Interlocked.Increment(ref asked) == 1)
                throw new InvalidOperationException("the policy is broken");
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return AdmissionVerdict.Admit();
        }));
        await _events.NextAsync<ListenerOpened>();
        _listener.Connect();
        Assert.Equal(new Refusal(RefusalKind.NotAdmitted, "the policy is broken"), (await _events.NextAsync<ConnectionRefused>()).Refusal);

        _listener.Connect();
        await Until.Holds(() => Volatile.Read(ref asked) == 2);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(
            new Refusal(RefusalKind.NotAdmitted, "the admission did not answer within 30 s"),
            (await _events.NextAsync<ConnectionRefused>()).Refusal);
        Assert.Equal(0, _dialer.Dials);
    }

    [Fact]
    public async Task A_peer_that_names_its_target_is_asked_about_before_and_after()
    {
        List<Endpoint?> asked = [];
        await using Forward forward = Start(null, Admitting((request, _) =>
        {
            asked.Add(request.Target);
            return new(request.Target == Db ? AdmissionVerdict.Refuse("not there") : AdmissionVerdict.Admit(new PeerIdentity(1)));
        }));
        await _events.NextAsync<ListenerOpened>();
        _listener.Connect(Db);
        ConnectionRefused refused = await _events.NextAsync<ConnectionRefused>();
        Assert.Equal([null, Db], asked);
        Assert.Equal((Db, "not there", 1u), (refused.Target, refused.Refusal.Reason, refused.Peer!.Uid));
    }

    [Fact]
    [Trait("Surface", "S0-9")]
    public async Task One_connection_more_than_the_limit_is_refused_and_the_others_stay()
    {
        await using Forward forward = Start(Db, Any() with { MaxConnections = 2 });
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming first = _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();

        FakeIncoming third = _listener.Connect();
        Refusal refusal = (await _events.NextAsync<ConnectionRefused>()).Refusal;
        Assert.Equal(RefusalKind.TooManyConnections, refusal.Kind);
        Assert.Equal(refusal, await third.Refused.Task.TestTime());

        await first.Client.SendAsync([1], complete: true);
        Assert.Equal([1], await server.ReadToEndAsync().TestTime());
        await server.CompleteWritingAsync(default);
        await _events.NextAsync<ConnectionClosed>();
        await Until.Holds(() => forward.Connections.Count == 1);
        _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();
    }

    [Fact]
    public async Task A_peer_that_leaves_during_the_dial_is_told_apart_and_the_dialled_connection_ended()
    {
        await using Forward forward = Start(Db);
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming incoming = _listener.Connect(gone: true);
        Assert.Equal(new Refusal(RefusalKind.PeerGone, "the peer is gone"), (await _events.NextAsync<ConnectionRefused>()).Refusal);
        await incoming.Disposed.Task.TestTime();
        Assert.True(_dialer.LastFar!.IsAborted && _dialer.LastFar.IsDisposed);
    }

    [Fact]
    public async Task Accept_failures_are_reported_and_pause_longer_each_time_but_never_end_the_listener()
    {
        await using Forward forward = Start(Db);
        await _events.NextAsync<ListenerOpened>();
        double[] pauses = [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000];
        foreach (double pause in pauses)
        {
            _listener.Fail(new IOException("too many open files"));
            AcceptFailed failed = await _events.NextAsync<AcceptFailed>();
            Assert.Equal((TimeSpan.FromMilliseconds(pause), "too many open files"), (failed.Pause, failed.Reason));
            await Until.Holds(() => _clock.ArmedTimers == 1);
            _clock.Advance(failed.Pause);
        }
        _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();
        _listener.Fail(new IOException("again"));
        Assert.Equal(TimeSpan.FromMilliseconds(5), (await _events.NextAsync<AcceptFailed>()).Pause);
    }

    [Fact]
    public async Task A_listener_that_is_lost_leaves_the_open_connections()
    {
        await using Forward forward = Start(Db);
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming incoming = _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        _listener.End();
        await forward.ListenerEnded.TestTime();
        await _events.NextAsync<ListenerClosed>();
        await incoming.Client.SendAsync([1]);
        Assert.Equal([1], await server.ReadExactlyAsync(1).TestTime());
    }

    [Fact]
    public async Task A_stop_that_drains_lets_connections_end_and_aborts_the_rest_in_time()
    {
        await using Forward forward = Start(Db);
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming polite = _listener.Connect();
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        await _events.NextAsync<ConnectionOpened>();
        FakeIncoming silent = _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();

        Task stopping = forward.StopAsync(TimeSpan.FromSeconds(10));
        await _events.NextAsync<ListenerClosed>();
        await polite.Client.SendAsync([1], complete: true);
        Assert.Equal([1], await server.ReadToEndAsync().TestTime());
        await server.CompleteWritingAsync(default);
        Assert.Equal(RelayEnd.Completed, (await _events.NextAsync<ConnectionClosed>()).End);
        await Until.Holds(() => _clock.ArmedTimers == 1);
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(stopping.IsCompleted || silent.Near.IsAborted);

        _clock.Advance(TimeSpan.FromSeconds(1));
        await stopping.TestTime();
        Assert.Equal(RelayEnd.Cancelled, (await _events.NextAsync<ConnectionClosed>()).End);
        Assert.True(silent.Near.IsAborted);
    }

    [Fact]
    public async Task Disposing_ends_connections_in_every_state()
    {
        Forward forward = Start(null, Admitting(async (request, cancellationToken) =>
        {
            if (request.Target?.Host is "undecided")
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return AdmissionVerdict.Admit();
        }));
        await _events.NextAsync<ListenerOpened>();
        FakeIncoming undecided = _listener.Connect(Endpoint.Parse("undecided:1"));
        FakeIncoming hanging = _listener.Connect(Endpoint.Parse("hang:1"));
        FakeIncoming open = _listener.Connect(Db);
        await _events.NextAsync<ConnectionOpened>();
        await Until.Holds(() => _dialer.Dials == 2);

        await forward.DisposeAsync().AsTask().TestTime();
        await forward.DisposeAsync();
        await forward.StopAsync();

        Assert.Equal(RefusalKind.Stopping, (await undecided.Refused.Task.TestTime()).Kind);
        Assert.Equal(RefusalKind.Stopping, (await hanging.Refused.Task.TestTime()).Kind);
        Assert.True(open.Near.IsDisposed);
        Assert.Empty(forward.Connections);
    }

    [Fact]
    public async Task One_connection_can_be_ended_from_here()
    {
        await using Forward forward = Start(Db);
        await _events.NextAsync<ListenerOpened>();
        _listener.Connect();
        long id = (await _events.NextAsync<ConnectionOpened>()).ConnectionId;
        _listener.Connect();
        await _events.NextAsync<ConnectionOpened>();

        ForwardedConnection connection = forward.Connections.Single(c => c.Id == id);
        connection.Abort();
        ConnectionClosed closed = await _events.NextAsync<ConnectionClosed>();
        Assert.Equal((id, RelayEnd.Cancelled), (closed.ConnectionId, closed.End));
        await Until.Holds(() => forward.Connections.Count == 1);
        connection.Abort();
        Assert.Single(forward.Connections);
    }

    [Fact]
    public async Task A_taker_of_events_that_throws_does_not_harm_the_tunnel_and_is_told()
    {
        await using Forward forward = Forward.Start(_listener, Db, _dialer, Any() with { Events = new ThrowingEvents() });
        FakeIncoming incoming = _listener.Connect();
        MemoryDuplex server = await _dialer.NextServerAsync().TestTime();
        await incoming.Client.SendAsync([1]);
        Assert.Equal([1], await server.ReadExactlyAsync(1).TestTime());
        Assert.Equal("ListenerOpened", forward.EventFailure?.Message);
    }

    [Fact]
    public async Task Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(Db, Any() with { MaxConnections = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(Db, Any() with { MaxConnections = ForwardOptions.ConnectionCap + 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(Db, Any() with { DialTimeout = TimeSpan.Zero }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(Db, Any() with { AdmissionTimeout = TimeSpan.FromSeconds(-1) }));
        await using Forward forward = Start(Db);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => forward.StopAsync(TimeSpan.FromSeconds(-1)));
    }

    private static ForwardOptions Any() => new() { Admission = Admission.AnyPeer };

    private static ForwardOptions Admitting(Func<AdmissionRequest, CancellationToken, ValueTask<AdmissionVerdict>> decide) =>
        new() { Admission = new FakeAdmission(decide) };

    private Forward Start(Endpoint? target, ForwardOptions? options = null)
    {
        options ??= Any();
        if (options.Admission == Admission.SameUser)
            options = options with { Admission = Admission.AnyPeer };
        return Forward.Start(_listener, target, _dialer, options with { Events = _events, TimeProvider = _clock });
    }

    private sealed class ThrowingEvents : ITunnelEvents
    {
        public void Report(TunnelEvent tunnelEvent) => throw new InvalidOperationException(tunnelEvent.GetType().Name);
    }
}

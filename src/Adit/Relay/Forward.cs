using System.Collections.Concurrent;

namespace Adit.Relay;

/// <summary>
/// A tunnel at work: accepts connections, asks whether each may pass, dials its target and relays its bytes. It owns the listener and
/// all of its connections; nothing of them outlives it.
/// </summary>
/// <remarks>
/// Each connection is handled by itself: one whose target is slow, dead or refuses delays or ends no other one, and the listener goes
/// on whatever happens to a connection. Members may be used from any thread.
/// </remarks>
internal sealed class Forward : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // One who opens thousands at once gets others' work between them.
    private const int BeginsPerTurn = 16;

    private static long _lastId;

    private readonly IListener _listener;
    private readonly IDialer _dialer;
    private readonly ConcurrentDictionary<long, ForwardedConnection> _connections = new();
    private readonly CancellationTokenSource _stopAccepting = new();
    private readonly CancellationTokenSource _abort = new();
    private Task _accepting = Task.CompletedTask;
    private int _occupied;
    private long _refused;
    private int _disposed;
    private Exception? _eventFailure;

    private Forward(IListener listener, Endpoint? target, IDialer dialer, ForwardOptions options)
    {
        _listener = listener;
        _dialer = dialer;
        Target = target;
        Options = options;
    }

    /// <summary>The ends that it listens on.</summary>
    public IReadOnlyList<Endpoint> Endpoints => _listener.Endpoints;

    /// <summary>Where its connections go; null if each of them says so itself.</summary>
    public Endpoint? Target { get; }

    /// <summary>The connections of this moment, those included that are not open yet.</summary>
    public IReadOnlyCollection<ForwardedConnection> Connections => [.. _connections.Values];

    /// <summary>Completes when the listener has ended, be it stopped from here or lost (a listener on the far side of a connection).</summary>
    public Task ListenerEnded => _accepting;

    /// <summary>The first exception that the taker of the events threw; null if it never did.</summary>
    public Exception? EventFailure => Volatile.Read(ref _eventFailure);

    internal ForwardOptions Options { get; }

    /// <summary>How many were turned away so far: not admitted, or one too many.</summary>
    internal long Refused => Interlocked.Read(ref _refused);

    /// <summary>Starts to accept connections.</summary>
    /// <param name="listener">Where they come from; owned by the forward from here on.</param>
    /// <param name="target">Where they go; null if each of them names its target (SOCKS, channel-open requests).</param>
    /// <param name="dialer">How they get there; not owned.</param>
    /// <param name="options">How they are treated; the defaults if null.</param>
    public static Forward Start(IListener listener, Endpoint? target, IDialer dialer, ForwardOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(dialer);
        options ??= ForwardOptions.Default;
        options.Validate();
        Forward forward = new(listener, target, dialer, options);
        forward.Report(new ListenerOpened
        {
            Time = forward.Now(),
            Endpoints = listener.Endpoints,
            IsExposed = listener.IsExposed,
            Target = target,
        });
        forward._accepting = forward.AcceptAsync();
        return forward;
    }

    /// <summary>Stops accepting at once. The connections that are open go on.</summary>
    public async Task StopAcceptingAsync()
    {
        if (Volatile.Read(ref _disposed) != 0)
            return;
        await _stopAccepting.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
    }

    /// <summary>Stops accepting at once, lets the open connections go on for a while, then aborts those that are left.</summary>
    /// <param name="drain">How long the connections may go on; by default not at all.</param>
    /// <param name="cancellationToken">Ends the wait for the connections early; they are then aborted, and nothing is thrown.</param>
    public async Task StopAsync(TimeSpan drain = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(drain, TimeSpan.Zero);
        if (Volatile.Read(ref _disposed) != 0)
            return;
        await StopAcceptingAsync().ConfigureAwait(false);
        Task ended = Task.WhenAll(_connections.Values.Select(static connection => connection.Ended));
        if (drain > TimeSpan.Zero)
        {
            // Whether they ended in time or not is the same from here on.
            await ended.WaitAsync(drain, Options.TimeProvider, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _abort.CancelAsync().ConfigureAwait(false);
        await ended.ConfigureAwait(false);
    }

    /// <summary>Ends everything: closes the listener and aborts the connections. Returns when all of it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _stopAccepting.Dispose();
        _abort.Dispose();
    }

    internal DateTimeOffset Now() => Options.TimeProvider.GetUtcNow();

    internal ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        _dialer.DialAsync(target, origin, cancellationToken);

    internal void Report(TunnelEvent tunnelEvent)
    {
        if (tunnelEvent is ConnectionRefused { Refusal.Kind: RefusalKind.NotAdmitted or RefusalKind.TooManyConnections })
            Interlocked.Increment(ref _refused);
        try
        {
            Options.Events?.Report(tunnelEvent);
        }
        catch (Exception e)
        {
            // A taker that fails must not take the tunnel with it. Its owner can see that it did.
            Interlocked.CompareExchange(ref _eventFailure, e, null);
        }
    }

    internal void Forget(ForwardedConnection connection)
    {
        Interlocked.Decrement(ref _occupied);
        _connections.TryRemove(connection.Id, out _);
    }

    private async Task AcceptAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        TimeSpan pause = FirstPause;
        int begun = 0;
        while (!_stopAccepting.IsCancellationRequested)
        {
            try
            {
                if (await _listener.AcceptAsync(_stopAccepting.Token).ConfigureAwait(false) is not { } incoming)
                    break;
                pause = FirstPause;
                Begin(incoming);
                if (++begun % BeginsPerTurn == 0)
                    await Task.Yield();
            }
            catch (OperationCanceledException) when (_stopAccepting.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                Report(new AcceptFailed { Time = Now(), Endpoints = Endpoints, Reason = e.Message, Pause = pause });
                await Task.Delay(pause, Options.TimeProvider, _stopAccepting.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        await _listener.DisposeAsync().ConfigureAwait(false);
        Report(new ListenerClosed { Time = Now(), Endpoints = Endpoints });
    }

    private void Begin(IncomingConnection incoming)
    {
        bool tooMany = Interlocked.Increment(ref _occupied) > Options.MaxConnections;
        ForwardedConnection connection = new(this, Interlocked.Increment(ref _lastId), incoming, tooMany);
        _connections[connection.Id] = connection;
        connection.Start(_abort.Token);
    }
}

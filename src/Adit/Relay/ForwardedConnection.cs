using Adit.Platform;

namespace Adit.Relay;

/// <summary>One connection of a <see cref="Forward"/>, from the moment it came in until it is gone.</summary>
internal sealed class ForwardedConnection
{
    // How long a refusal may take to be told; the peer may not be reading.
    private static readonly TimeSpan RefusalTimeout = TimeSpan.FromSeconds(5);

    private readonly Forward _forward;
    private readonly IncomingConnection _incoming;
    private readonly bool _tooMany;
    private readonly Lock _lock = new();
    private volatile Endpoint? _target;
    private volatile PeerIdentity? _peer;
    private volatile Route? _route;
    private volatile DuplexRelay? _relay;
    private RelayOptions? _terms;
    private CancellationTokenSource? _ending;
    private bool _aborted;

    internal ForwardedConnection(Forward forward, long id, IncomingConnection incoming, bool tooMany)
    {
        _forward = forward;
        _incoming = incoming;
        _tooMany = tooMany;
        _target = forward.Target;
        Id = id;
        Since = forward.Now();
    }

    /// <summary>Its number, which no other connection of this process has.</summary>
    public long Id { get; }

    /// <summary>When it came in, in UTC.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Who began it.</summary>
    public ConnectionOrigin Origin => _incoming.Origin;

    /// <summary>The end at which it came in.</summary>
    public Endpoint LocalEndpoint => _incoming.LocalEndpoint;

    /// <summary>Who the peer is; null where that was not asked, is not known, or not yet.</summary>
    public PeerIdentity? Peer => _peer;

    /// <summary>What it wants to reach; null while it has not said so.</summary>
    public Endpoint? Target => _target;

    /// <summary>The legs it takes; null while it is not open.</summary>
    public Route? Route => _route;

    /// <summary>Bytes that were handed to the target so far.</summary>
    public long BytesToTarget => _relay?.BytesToFar ?? 0;

    /// <summary>Bytes from the target that were handed to the peer so far.</summary>
    public long BytesFromTarget => _relay?.BytesToNear ?? 0;

    internal Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Ends the connection at once, whatever it does. May be called at any time.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            _aborted = true;
            _ending?.Cancel();
        }
    }

    internal void Start(CancellationToken stopped) => Ended = RunAsync(stopped);

    private async Task RunAsync(CancellationToken stopped)
    {
        // The listener goes on at once, however long the first step of this connection takes, which waits behind all that waits already.
        await Task.Yield();
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(stopped);
        lock (_lock)
        {
            _ending = ending;
            if (_aborted)
                ending.Cancel();
        }
        try
        {
            if (await ServeAsync(ending.Token).ConfigureAwait(false) is { } refusal)
            {
                _forward.Report(new ConnectionRefused
                {
                    Time = _forward.Now(),
                    ConnectionId = Id,
                    Origin = Origin,
                    LocalEndpoint = LocalEndpoint,
                    Peer = _peer,
                    Target = _target,
                    Refusal = refusal,
                });
            }
        }
        finally
        {
            lock (_lock)
                _ending = null;
            _forward.Forget(this);
        }
    }

    // The whole way of a connection. A refusal was already told to the peer; null if the connection had opened.
    private async ValueTask<Refusal?> ServeAsync(CancellationToken cancellationToken)
    {
        if (_tooMany)
        {
            return await RefuseAsync(new(
                RefusalKind.TooManyConnections,
                $"the tunnel carries {_forward.Options.MaxConnections} connections, which is its limit")).ConfigureAwait(false);
        }
        if (await AdmitAsync(cancellationToken).ConfigureAwait(false) is { } notAdmitted)
            return await RefuseAsync(notAdmitted).ConfigureAwait(false);
        (DialedConnection? dialed, Refusal? dialFailed) = await DialAsync(cancellationToken).ConfigureAwait(false);
        if (dialed is null)
            return await RefuseAsync(dialFailed!).ConfigureAwait(false);
        Duplex near;
        try
        {
            near = await _incoming.AcceptAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            dialed.Duplex.Abort();
            await DisposeAllAsync(dialed.Duplex, _incoming).ConfigureAwait(false);
            return Interrupted(e, cancellationToken) ?? new(RefusalKind.PeerGone, e.Message);
        }
        await RelayAsync(near, dialed, cancellationToken).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<Refusal?> AdmitAsync(CancellationToken cancellationToken)
    {
        ForwardOptions options = _forward.Options;
        using Deadline deadline = new(options.AdmissionTimeout, options.TimeProvider, cancellationToken);
        RefusalKind step = RefusalKind.NotAdmitted;
        try
        {
            if (await AskAsync(deadline.Token).ConfigureAwait(false) is { } peerRefused)
                return peerRefused;
            step = RefusalKind.NotBegun;
            await _incoming.BeginAsync(deadline.Token).ConfigureAwait(false);
            if (_target is not null)
                return null;
            step = RefusalKind.NoTarget;
            _target = await _incoming.NameTargetAsync(deadline.Token).ConfigureAwait(false);
            await PoolTurn.Begin;
            step = RefusalKind.NotAdmitted;
            return await AskAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            string what = step switch
            {
                RefusalKind.NoTarget => "the peer named no target",
                RefusalKind.NotBegun => "the peer did not begin",
                _ => "the admission did not answer",
            };
            return new(step, $"{what} within {options.AdmissionTimeout.TotalSeconds:0.###} s");
        }
        catch (Exception e)
        {
            return Interrupted(e, cancellationToken) ?? new(step, e.Message);
        }
    }

    private async ValueTask<Refusal?> AskAsync(CancellationToken cancellationToken)
    {
        AdmissionVerdict verdict = await _forward.Options.Admission.AdmitAsync(new(_incoming, _target), cancellationToken)
            .ConfigureAwait(false);
        _peer = verdict.Peer ?? _peer;
        _terms = verdict.Terms ?? _terms;
        if (verdict.Refusal is { } reason)
            return new(RefusalKind.NotAdmitted, reason);
        return _incoming.IsConnected ? null : new(RefusalKind.PeerGone, "the peer was gone before it was known");
    }

    private async ValueTask<(DialedConnection? Dialed, Refusal? Failed)> DialAsync(CancellationToken cancellationToken)
    {
        ForwardOptions options = _forward.Options;
        using Deadline deadline = new(options.DialTimeout, options.TimeProvider, cancellationToken);
        try
        {
            return (await _forward.DialAsync(_target!, Origin with { Local = LocalEndpoint }, deadline.Token).ConfigureAwait(false), null);
        }
        catch (DialException e)
        {
            return (null, new(RefusalKind.DialFailed, e.Message, e.Failure));
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            string reason = $"cannot connect to {_target}: no answer within {options.DialTimeout.TotalSeconds:0.###} s";
            return (null, new(RefusalKind.DialFailed, reason, DialFailure.TimedOut));
        }
        catch (Exception e)
        {
            return (null, Interrupted(e, cancellationToken) ?? new(RefusalKind.DialFailed, e.Message, DialFailure.Other));
        }
    }

    private async ValueTask RelayAsync(Duplex near, DialedConnection dialed, CancellationToken cancellationToken)
    {
        ForwardOptions options = _forward.Options;
        Route route = dialed.Route.After(_incoming.Leg);
        DuplexRelay relay = new(near, dialed.Duplex, _terms ?? options.Relay);
        _relay = relay;
        _route = route;
        _forward.Report(new ConnectionOpened
        {
            Time = _forward.Now(),
            ConnectionId = Id,
            Origin = Origin,
            LocalEndpoint = LocalEndpoint,
            Peer = _peer,
            Target = _target,
            Route = route,
        });
        long opened = options.TimeProvider.GetTimestamp();
        RelayResult result = await relay.RunAsync(cancellationToken).ConfigureAwait(false);
        await PoolTurn.Begin;
        string? disposalFailed = await DisposeAllAsync(near, dialed.Duplex).ConfigureAwait(false);
        _forward.Report(new ConnectionClosed
        {
            Time = _forward.Now(),
            ConnectionId = Id,
            Origin = Origin,
            LocalEndpoint = LocalEndpoint,
            Peer = _peer,
            Target = _target,
            Route = route,
            BytesToTarget = result.BytesToFar,
            BytesFromTarget = result.BytesToNear,
            Duration = options.TimeProvider.GetElapsedTime(opened),
            End = result.End,
            Failure = result.Error?.Message ?? disposalFailed,
        });
    }

    private async ValueTask<Refusal> RefuseAsync(Refusal refusal)
    {
        // What failed may have been told by the thread that watches the sockets; what follows writes to logs.
        await PoolTurn.Begin;
        using CancellationTokenSource timeout = new(RefusalTimeout, _forward.Options.TimeProvider);
        try
        {
            await _incoming.RefuseAsync(refusal, timeout.Token).ConfigureAwait(false);
            return refusal;
        }
        catch (Exception e)
        {
            return refusal with { Reason = $"{refusal.Reason} (and the peer could not be told: {e.Message})" };
        }
    }

    private static Refusal? Interrupted(Exception e, CancellationToken cancellationToken) =>
        e is OperationCanceledException && cancellationToken.IsCancellationRequested
            ? new(RefusalKind.Stopping, "the tunnel ended it")
            : null;

    // Both are let go, whatever the first one throws.
    private static async ValueTask<string?> DisposeAllAsync(params IAsyncDisposable[] all)
    {
        string? failure = null;
        foreach (IAsyncDisposable one in all)
        {
            try
            {
                await one.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                failure ??= e.Message;
            }
        }
        return failure;
    }
}

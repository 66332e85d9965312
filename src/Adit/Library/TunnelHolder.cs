using System.Diagnostics;
using Adit.Client;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit;

/// <summary>
/// Holds the tunnel of a plan: opens it when it is first used, once for all who want it at a time, and again after it has ended if it is
/// to. Safe to use from several threads.
/// </summary>
/// <param name="plan">Where it leads.</param>
/// <param name="reopens">Whether one that has ended is opened again at the next use.</param>
/// <param name="time">The clock.</param>
internal sealed class TunnelHolder(TunnelPlan plan, bool reopens, TimeProvider time) : IDialer, IAsyncDisposable
{
    // A pool that asks again and again must not get this machine locked out, or make a person's hardware key blink all the time.
    private static readonly TimeSpan RefusalHolds = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private readonly TaskCompletionSource<AditException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _leaving = [];
    private OpenTunnel? _open;
    private Attempt? _attempt;
    private Exception? _failure;
    private Exception? _refusal;
    private long _refusedAt;
    private bool _disposed;

    /// <summary>Completes with why it ended, for good.</summary>
    public Task<AditException> Ended => _ended.Task;

    /// <summary>The tunnel, where it was opened and has not ended.</summary>
    public OpenTunnel? Current
    {
        get
        {
            lock (_sync)
                return _open is { Tunnel.Ended.IsCompleted: false } ? _open : null;
        }
    }

    /// <summary>The link of the moment; null while there is none.</summary>
    public SshLink? Link => Current?.Tunnel.Link;

    /// <summary>Why there is no tunnel, if the last attempt to open it, or to bring it back, failed.</summary>
    public AditException? LastFailure
    {
        get
        {
            lock (_sync)
            {
                Exception? cause = _open is { Tunnel.Ended.IsCompletedSuccessfully: true } ended ? Refusal(ended.Tunnel.Ended.Result) : _failure;
                return cause is null ? null : TunnelFailure.OfOpening(cause) ?? Stopped(cause);
            }
        }
    }

    /// <summary>The tunnel, opened if it is not.</summary>
    /// <exception cref="AditException">It cannot be opened.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up; the others go on.</exception>
    public async Task<OpenTunnel> GetAsync(CancellationToken cancellationToken)
    {
        Attempt attempt;
        lock (_sync)
        {
            if (_disposed)
                throw Closed();
            if (_open is { } open)
            {
                if (!open.Tunnel.Ended.IsCompleted)
                    return open;
                if (!reopens)
                    throw TunnelFailure.OfEnd(plan.Destination, open.Tunnel.Ended.Result);
                // A server that refused the way back is not asked again at once.
                if (Refusal(open.Tunnel.Ended.Result) is { } refusal)
                    (_refusal, _failure, _refusedAt) = (refusal, refusal, time.GetTimestamp());
                _open = null;
                _leaving.RemoveAll(static task => task.IsCompleted);
                _leaving.Add(open.DisposeAsync().AsTask());
            }

            if (_refusal is not null && time.GetElapsedTime(_refusedAt) < RefusalHolds)
                throw TunnelFailure.OfOpening(_refusal)!;
            attempt = _attempt ??= Begin();
            attempt.Waiting++;
        }

        try
        {
            Outcome outcome = await attempt.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return outcome.Open ?? throw ((AditException?)TunnelFailure.OfOpening(outcome.Failure!) ?? Stopped(outcome.Failure!));
        }
        finally
        {
            Leave(attempt);
        }
    }

    /// <summary>Fails where it has ended for good.</summary>
    /// <exception cref="TunnelEndedException">It has.</exception>
    public void ThrowIfEnded()
    {
        if (_ended.Task.IsCompleted)
            throw new TunnelEndedException(_ended.Task.Result.Message, _ended.Task.Result);
    }

    /// <summary>Dials a target from the server, over a tunnel that is opened if it is not. Traced and measured.</summary>
    /// <exception cref="AditException">There is no tunnel.</exception>
    /// <exception cref="DialException">The target cannot be reached.</exception>
    public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
        TunnelTelemetry.DialAsync(plan.Destination, new Opening(this), target, origin, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Attempt? attempt;
        lock (_sync)
        {
            if (_disposed)
                return;
            _disposed = true;
            attempt = _attempt;
        }

        if (attempt is not null)
        {
            await attempt.Stop.CancelAsync().ConfigureAwait(false);
            await attempt.Task.ConfigureAwait(false);
        }

        if (_open is { } open)
            await open.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_leaving).ConfigureAwait(false);
        _ended.TrySetResult(Closed());
    }

    private static Exception? Refusal(SshClosedException end) => end.InnerException is SshAuthException or SshHostKeyException ? end.InnerException : null;

    private TunnelEndedException Closed() => new($"the tunnel to {plan.Destination} was closed");

    private TunnelEndedException Stopped(Exception failure) => failure is OperationCanceledException
        ? Closed()
        : new TunnelEndedException($"the tunnel to {plan.Destination} cannot be opened: {failure.Message}", failure);

    // Called under the lock.
    private Attempt Begin()
    {
        var attempt = new Attempt();
        ActivityContext asker = Activity.Current?.Context ?? default;
        attempt.Task = CallerContext.Leave(() => OpenAsync(attempt, asker));
        return attempt;
    }

    // Whoever is the last to give up takes the attempt with him.
    private void Leave(Attempt attempt)
    {
        lock (_sync)
        {
            if (--attempt.Waiting > 0 || attempt.Task.IsCompleted)
                return;
            if (_attempt == attempt)
                _attempt = null;
            _leaving.RemoveAll(static task => task.IsCompleted);
            _leaving.Add(attempt.Task);
        }

        attempt.Stop.Cancel();
    }

    private async Task<Outcome> OpenAsync(Attempt attempt, ActivityContext asker)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using Activity? activity = TunnelTelemetry.Opening(plan.Destination, asker);
        OpenTunnel? open = null;
        Exception? failure = null;
        try
        {
            open = await plan.OpenAsync(attempt.Stop.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = e;
            TunnelTelemetry.Failed(activity, e);
            if (e is not OperationCanceledException)
                TunnelLog.NotOpened(plan.Logger, plan.Destination, Printable.Text(e.Message));
        }

        bool isWanted;
        lock (_sync)
        {
            isWanted = open is not null && !_disposed && _attempt == attempt;
            if (_attempt == attempt)
                _attempt = null;
            if (isWanted)
                (_open, _refusal, _failure) = (open, null, null);
            else if (failure is SshAuthException or SshHostKeyException)
                (_refusal, _refusedAt) = (failure, time.GetTimestamp());
            if (failure is not (null or OperationCanceledException))
                _failure = failure;
        }

        if (open is null)
            return new(null, failure);
        if (!isWanted)
        {
            await open.DisposeAsync().ConfigureAwait(false);
            return new(null, new OperationCanceledException());
        }

        TunnelTelemetry.Link(plan.Destination, "opened");
        TunnelLog.Opened(plan.Logger, plan.Destination, open.Tunnel.Link?.Route.ToString() ?? "down again");
        lock (_sync)
            _leaving.Add(FollowAsync(open));
        return new(open, null);
    }

    private async Task FollowAsync(OpenTunnel open)
    {
        SshClosedException end = await open.Tunnel.Ended.ConfigureAwait(false);
        TunnelLog.Ended(plan.Logger, plan.Destination, Printable.Text(end.Message));
        if (!reopens)
            _ended.TrySetResult(TunnelFailure.OfEnd(plan.Destination, end));
    }

    /// <summary>One login, for all who wait for it.</summary>
    private sealed class Attempt
    {
        public CancellationTokenSource Stop { get; } = new();

        public Task<Outcome> Task { get; set; } = null!;

        public int Waiting { get; set; }
    }

    private sealed record Outcome(OpenTunnel? Open, Exception? Failure);

    private sealed class Opening(TunnelHolder holder) : IDialer
    {
        public async ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            while (true)
            {
                OpenTunnel open = await holder.GetAsync(cancellationToken).ConfigureAwait(false);
                if (await DialAsync(open.Tunnel, target, origin, cancellationToken).ConfigureAwait(false) is { } dialed)
                    return dialed;
            }
        }

        // Null where the tunnel ended meanwhile: what waits for its connection to come back would wait in vain.
        private static async Task<DialedConnection?> DialAsync(Tunnel tunnel, Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task<DialedConnection> dial = tunnel.Dialer.DialAsync(target, origin, stop.Token).AsTask();
            if (!dial.IsCompleted && await Task.WhenAny(dial, tunnel.Ended).ConfigureAwait(false) != dial)
                await stop.CancelAsync().ConfigureAwait(false);
            try
            {
                return await dial.ConfigureAwait(false);
            }
            catch (Exception e) when (tunnel.Ended.IsCompleted && !cancellationToken.IsCancellationRequested
                && e is OperationCanceledException or DialException { Failure: DialFailure.ConnectionLost })
            {
                return null;
            }
        }
    }
}

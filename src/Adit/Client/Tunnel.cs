using Adit.OpenSsh;
using Adit.Probe;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>
/// A login that is kept up, and the forwards over it. When the link is lost, local listeners stay bound, and what comes in waits for the
/// next link; remote listeners are asked for again. Members may be used from any thread. Disposing it ends all of it.
/// </summary>
internal sealed class Tunnel : IAsyncDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(1);

    private readonly string _server;
    private readonly Func<CancellationToken, Task<SshLink>> _connect;
    private readonly TunnelOptions _options;
    private readonly ChangingLink _link;
    private readonly Backoff _backoff;
    private readonly Lock _sync = new();
    private readonly List<TunnelForward> _forwards = [];
    private readonly List<TunnelForward> _stopped = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource<SshClosedException> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SshClosedException? _reason;
    private Task _work = Task.CompletedTask;
    private volatile int _users;
    private volatile bool _wasUsed;
    private int _disposed;

    private Tunnel(string server, Func<CancellationToken, Task<SshLink>> connect, TunnelOptions options, SshLink first)
    {
        _server = server;
        _connect = connect;
        _options = options;
        _link = new(first, options.Reconnect ? options.Patience : TimeSpan.Zero, options.Time);
        _backoff = new(options.Random);
        Since = options.Time.GetUtcNow();
    }

    /// <summary>When it was opened, in UTC.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>Whether a time ends it, however it is used or not.</summary>
    public bool HasLimit => _options.Lifetime is not null || _options.IdleTimeout is not null;

    /// <summary>Completes, never fails, with why it ended.</summary>
    public Task<SshClosedException> Ended => _ended.Task;

    /// <summary>Why it was ended from here; null while it was not.</summary>
    public SshClosedException? Reason => Volatile.Read(ref _reason);

    /// <summary>The link of this moment; null while there is none.</summary>
    public SshLink? Link => _link.Current;

    /// <summary>Dials from the server, over the link of the moment.</summary>
    public IDialer Dialer => _link;

    /// <summary>The forwards that listen, or wait to.</summary>
    public IReadOnlyList<TunnelForward> Forwards
    {
        get
        {
            lock (_sync)
                return [.. _forwards];
        }
    }

    /// <summary>Says how many use the tunnel besides its connections, such as clients of a control socket: it counts as used while there are some.</summary>
    public void SetUsers(int count)
    {
        _users = count;
        _wasUsed = true;
    }

    /// <summary>Makes the first link.</summary>
    /// <param name="server">What people call the server.</param>
    /// <param name="connect">Makes a link; called again for each one that is lost, never twice at a time.</param>
    /// <param name="options">How the tunnel behaves.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DialException">The server cannot be reached.</exception>
    /// <exception cref="SshException">It was reached, and the connection could not be made.</exception>
    public static async Task<Tunnel> OpenAsync(
        string server, Func<CancellationToken, Task<SshLink>> connect, TunnelOptions options, CancellationToken cancellationToken)
    {
        SshLink link = await connect(cancellationToken).ConfigureAwait(false);
        var tunnel = new Tunnel(server, connect, options, link);
        tunnel._work = Task.WhenAll(tunnel.HoldAsync(), tunnel.WatchAsync());
        return tunnel;
    }

    /// <summary>Opens a forward.</summary>
    /// <exception cref="ListenException">It cannot listen as asked.</exception>
    /// <exception cref="ProbeException">Something else answers at the target than is expected there.</exception>
    /// <exception cref="DialException">The target, of which something is expected, cannot be reached.</exception>
    /// <exception cref="SshException">The link is down.</exception>
    public async Task<TunnelForward> AddAsync(ForwardDirection direction, ForwardSpec spec, CancellationToken cancellationToken)
    {
        if (direction is ForwardDirection.Local)
        {
            LocalTunnelForward local = await LocalTunnelForward.OpenAsync(spec, _link, _options, cancellationToken).ConfigureAwait(false);
            return await KeepAsync(local).ConfigureAwait(false);
        }

        var remote = new RemoteTunnelForward(spec, _options);
        SshLink link = _link.Current ?? throw new SshException("the connection is down at the moment");
        bool isLost = !await TryAsync(() => remote.EstablishAsync(link, cancellationToken)).ConfigureAwait(false);
        await KeepAsync(remote).ConfigureAwait(false);
        // What brings the forwards back over the next link may have looked before this one was among them.
        while (isLost || (_link.Current is { } next && next != link))
        {
            link = await AfterAsync(link, cancellationToken).ConfigureAwait(false);
            isLost = !await TryAsync(() => remote.ReestablishAsync(link, cancellationToken)).ConfigureAwait(false);
        }

        return remote;

        // False where the link was lost meanwhile.
        async Task<bool> TryAsync(Func<Task> ask)
        {
            try
            {
                await ask().ConfigureAwait(false);
                return true;
            }
            catch (SshException) when (_options.Reconnect && link.Connection.Closed.IsCompleted)
            {
                return false;
            }
        }
    }

    /// <summary>Closes a forward's listener; its connections go on.</summary>
    /// <returns>False where there is no such forward.</returns>
    public async Task<bool> CancelAsync(ForwardDirection direction, ListenSpec listen)
    {
        TunnelForward? found;
        lock (_sync)
        {
            found = _forwards.Find(forward => forward.Direction == direction && Fits(forward, listen));
            if (found is null)
                return false;
            _forwards.Remove(found);
            _stopped.Add(found);
        }

        await found.StopListeningAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Closes all listeners here and at the server; connections go on.</summary>
    public async Task StopListeningAsync()
    {
        TunnelForward[] all;
        lock (_sync)
        {
            all = [.. _forwards];
            _stopped.AddRange(_forwards);
            _forwards.Clear();
        }

        foreach (TunnelForward forward in all)
            await forward.StopListeningAsync().ConfigureAwait(false);
    }

    /// <summary>Completes when nothing goes through the tunnel any more, or it has ended.</summary>
    public async Task UnusedAsync(CancellationToken cancellationToken)
    {
        while (IsUsed && !Ended.IsCompleted)
            await Task.Delay(Glance, _options.Time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the tunnel for a reason.</summary>
    public void End(CloseReason reason, string message)
    {
        lock (_sync)
            _reason ??= new(reason, message);
        _ending.Cancel();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        End(CloseReason.Closed, "the tunnel was closed");
        await _work.ConfigureAwait(false);
        TunnelForward[] all;
        lock (_sync)
            all = [.. _forwards, .. _stopped];
        foreach (TunnelForward forward in all)
            await forward.DisposeAsync().ConfigureAwait(false);
        _ending.Dispose();
    }

    private static bool Fits(TunnelForward forward, ListenSpec listen) =>
        forward.Spec.Listen == listen
        || (forward is RemoteTunnelForward { ChosenPort: > 0 } chosen && listen.Path is null && listen.Port == chosen.ChosenPort
            && listen.BindAddress == forward.Spec.Listen.BindAddress);

    private async Task<SshLink> AfterAsync(SshLink lost, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        try
        {
            return await _link.AfterAsync(lost, over.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SshException("the tunnel is ending", e);
        }
    }

    // A forward that was opened while the tunnel ended ends with it.
    private async Task<TunnelForward> KeepAsync(TunnelForward forward)
    {
        lock (_sync)
        {
            if (!_ending.IsCancellationRequested)
            {
                _forwards.Add(forward);
                return forward;
            }
        }

        await forward.DisposeAsync().ConfigureAwait(false);
        throw new SshException("the tunnel is ending");
    }

    private async Task HoldAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        SshClosedException end;
        try
        {
            end = await HoldUntilEndAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is, nobody must wait for a tunnel that nobody holds.
            end = new(CloseReason.InternalError, e.Message, e);
        }

        lock (_sync)
            end = _reason ??= end;
        _ended.SetResult(end);
        await _ending.CancelAsync().ConfigureAwait(false);
    }

    private async Task<SshClosedException> HoldUntilEndAsync()
    {
        // Not passed in: as long as the tunnel lasts, its parameters are held.
        SshLink link = _link.Current!;
        for (bool isFirst = true; ; isFirst = false)
        {
            long up = _options.Time.GetTimestamp();
            SshClosedException end = await LastAsync(link, isFirst).ConfigureAwait(false);
            if (_ending.IsCancellationRequested || !_options.Reconnect)
                return end;
            if (_options.Time.GetElapsedTime(up) >= Lasting)
                _backoff.Reset();
            (SshLink? next, SshClosedException? failed) = await ReconnectAsync(end).ConfigureAwait(false);
            if (next is null)
                return failed!;
            link = next;
        }
    }

    // As long as the link lasts, its remote forwards are asked for; over the first one, who adds them does that.
    private async Task<SshClosedException> LastAsync(SshLink link, bool isFirst)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        Task remote = isFirst ? Task.CompletedTask : EstablishAsync(link, lost.Token);
        await ((Task)link.Connection.Closed).WaitAsync(_ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        SshClosedException end = link.Connection.Closed.IsCompleted
            ? await link.Connection.Closed.ConfigureAwait(false)
            : _reason ?? new(CloseReason.Closed, "the tunnel was closed");
        _link.OnLost(link, end.Message);
        await lost.CancelAsync().ConfigureAwait(false);
        await link.DisposeAsync().ConfigureAwait(false);
        await remote.ConfigureAwait(false);
        return end;
    }

    private async Task EstablishAsync(SshLink link, CancellationToken lost)
    {
        RemoteTunnelForward[] again;
        lock (_sync)
            again = [.. _forwards.OfType<RemoteTunnelForward>()];
        try
        {
            await Task.WhenAll(again.Select(forward => forward.ReestablishAsync(link, lost))).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or SshException)
        {
            // The link is lost; the next one brings them back.
        }
    }

    private async Task<(SshLink? Link, SshClosedException? Failed)> ReconnectAsync(SshClosedException lost)
    {
        long since = _options.Time.GetTimestamp();
        TimeSpan pause = _backoff.Next();
        Report(new LinkLost { Time = Now(), Server = _server, Reason = lost.Message });
        while (true)
        {
            try
            {
                await Task.Delay(pause, _options.Time, _ending.Token).ConfigureAwait(false);
                SshLink link = await _connect(_ending.Token).ConfigureAwait(false);
                _link.OnRestored(link);
                Report(new LinkRestored { Time = Now(), Server = _server, Downtime = _options.Time.GetElapsedTime(since) });
                return (link, null);
            }
            catch (OperationCanceledException) when (_ending.IsCancellationRequested)
            {
                return (null, lost);
            }
            catch (Exception e) when (e is SshHostKeyException or SshAuthException)
            {
                // What a person has to look at. Trying on would only get this machine locked out.
                CloseReason reason = e is SshAuthException ? CloseReason.AuthenticationFailed : CloseReason.HostKeyRefused;
                return (null, new(reason, e.Message, e));
            }
            catch (Exception e) when (e is DialException or SshException or IOException)
            {
                pause = _backoff.Next();
                Report(new LinkFailed { Time = Now(), Server = _server, Reason = e.Message, Pause = pause });
            }
        }
    }

    // Limits in time, and links that may be dead without having said so.
    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Round, _options.Time);
        using LinkProbe? probe = _options.Reconnect ? new(_options.Time) : null;
        DateTimeOffset usedAt = Now();
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token).ConfigureAwait(false))
            {
                DateTimeOffset now = Now();
                if (IsUsed || _wasUsed)
                    (usedAt, _wasUsed) = (now, false);
                if (_options.Lifetime is { } lifetime && now - Since >= lifetime)
                    End(CloseReason.Expired, $"the tunnel is {lifetime.TotalSeconds:0} s old, as old as it may get (AditLifetime)");
                else if (_options.IdleTimeout is { } idle && now - usedAt >= idle)
                    End(CloseReason.Expired, $"the tunnel was not used for {idle.TotalSeconds:0} s (AditIdleTimeout)");
                else if (probe is not null)
                    await probe.CheckAsync(_link.Current, _ending.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The end.
        }
    }

    private bool IsUsed
    {
        get
        {
            if (_users > 0 || _link.Current is { Connection.ChannelCount: > 0 })
                return true;
            lock (_sync)
                return _forwards.Exists(static forward => forward.Connections.Count > 0) || _stopped.Exists(static forward => forward.Connections.Count > 0);
        }
    }

    private DateTimeOffset Now() => _options.Time.GetUtcNow();

    private void Report(TunnelEvent happened) => _options.Events?.Report(happened);
}

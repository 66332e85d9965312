using Adit.Platform;

namespace Adit.Relay;

/// <summary>
/// Carries bytes both ways between two streams until both directions are done. The only relay there is: every kind of tunnel uses it.
/// </summary>
/// <remarks>
/// <para>
/// Each direction is a pump of its own: it reads a chunk, writes it, and reads again only when the chunk was taken, so a slow reader
/// stalls nobody but itself and at most one chunk per direction waits in memory. The end of one direction is passed on as such and
/// leaves the other one open. A failure of either stream aborts both, so that neither peer takes half of a conversation for the whole.
/// </para>
/// <para>The streams are not disposed; whoever made them does that after <see cref="RunAsync"/>.</para>
/// </remarks>
internal sealed class DuplexRelay
{
    // A pump whose streams never make it wait lets others have its thread after as many bytes. It may be the one that watches all sockets.
    private const int BytesPerTurn = SocketDuplex.ChunkBytes;

    private const int MostGathered = 16;

    private readonly Duplex _near;
    private readonly Duplex _far;
    private readonly RelayOptions _options;
    private readonly Lock _endLock = new();
    private RelayEnd? _end;
    private Exception? _error;
    private int _started;
    private int _directionsDone;
    private long _bytesToFar;
    private long _bytesToNear;
    private readonly bool _watchesActivity;
    private long _lastActivity;
    private ITimer? _idleTimer;
    private ITimer? _closeTimer;
    private Task _watching = Task.CompletedTask;
    private CancellationToken _over;
    private bool _writesToFar;
    private bool _writesToNear;
    private volatile bool _closed;
    private volatile bool _closing;

    /// <summary>Prepares a relay.</summary>
    /// <param name="near">The stream of the side that began the connection (the application).</param>
    /// <param name="far">The stream of the side that was dialled (the database).</param>
    /// <param name="options">Time limits; none by default.</param>
    public DuplexRelay(Duplex near, Duplex far, RelayOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(near);
        ArgumentNullException.ThrowIfNull(far);
        _near = near;
        _far = far;
        _options = options ?? RelayOptions.Default;
        _options.Validate();
        _watchesActivity = _options is not { IdleTimeout: null, CloseTimeout: null };
    }

    /// <summary>Bytes that were handed to the far stream so far. Safe to read at any time.</summary>
    public long BytesToFar => Interlocked.Read(ref _bytesToFar);

    /// <summary>Bytes that were handed to the near stream so far. Safe to read at any time.</summary>
    public long BytesToNear => Interlocked.Read(ref _bytesToNear);

    /// <summary>
    /// Relays until both directions ended, one stream failed, a time limit passed or the token was cancelled. Does not throw for any of
    /// these: the result says what happened. After anything but <see cref="RelayEnd.Completed"/> and <see cref="RelayEnd.CloseTimeout"/>, which end
    /// in order, both streams are aborted. Call once.
    /// </summary>
    /// <param name="cancellationToken">Ends the relay by aborting both streams.</param>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public async Task<RelayResult> RunAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
            throw new InvalidOperationException("a relay runs once");
        using var over = new CancellationTokenSource();
        _over = over.Token;
        CancellationTokenRegistration cancellation =
            cancellationToken.UnsafeRegister(static relay => ((DuplexRelay)relay!).End(RelayEnd.Cancelled, null), this);
        try
        {
            StartIdleTimer();
            await Task.WhenAll(PumpAsync(toFar: true), PumpAsync(toFar: false)).ConfigureAwait(false);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await _watching.ConfigureAwait(false);
            await cancellation.DisposeAsync().ConfigureAwait(false);
            await StopTimersAsync().ConfigureAwait(false);
        }
        lock (_endLock)
            return new(BytesToFar, BytesToNear, _end ?? (_closing ? RelayEnd.CloseTimeout : RelayEnd.Completed), _error);
    }

    private async Task PumpAsync(bool toFar)
    {
        (Duplex source, Duplex destination) = toFar ? (_near, _far) : (_far, _near);
        RelayEnd sourceFailed = toFar ? RelayEnd.NearFailed : RelayEnd.FarFailed;
        RelayEnd destinationFailed = toFar ? RelayEnd.FarFailed : RelayEnd.NearFailed;
        RelayEnd blame = sourceFailed;
        ReadOnlyMemory<byte>[]? gathered = null;
        try
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            for (int turn = 0; ;)
            {
                if (turn >= BytesPerTurn)
                {
                    turn = 0;
                    if (OperatingSystem.IsLinux() && SocketLoop.IsCaller)
                        await LoopTurn.End;
                    else
                        await Task.Yield(); // to the end of the queue that all threads share; ForceYielding would be this thread's next work again
                }

                blame = sourceFailed;
                ReadOnlyMemory<byte> chunk = await source.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                blame = destinationFailed;
                if (chunk.IsEmpty)
                    break;
                int bytes = chunk.Length;
                Volatile.Write(ref toFar ? ref _writesToFar : ref _writesToNear, true);
                if (source.TryReadMore(out ReadOnlyMemory<byte> more))
                {
                    gathered ??= new ReadOnlyMemory<byte>[MostGathered];
                    bytes = Gather(gathered, chunk, more, source, out int count);
                    await destination.WriteAllAsync(new ArraySegment<ReadOnlyMemory<byte>>(gathered, 0, count), CancellationToken.None).ConfigureAwait(false);
                }
                else
                {
                    await destination.WriteAsync(chunk, CancellationToken.None).ConfigureAwait(false);
                }

                Volatile.Write(ref toFar ? ref _writesToFar : ref _writesToNear, false);
                if (_watchesActivity)
                    Volatile.Write(ref _lastActivity, _options.TimeProvider.GetTimestamp());
                Interlocked.Add(ref toFar ? ref _bytesToFar : ref _bytesToNear, bytes);
                turn += bytes;
            }
            if (_closed && !_closing)
                return;
            await destination.CompleteWritingAsync(CancellationToken.None).ConfigureAwait(false);
            if (Interlocked.Increment(ref _directionsDone) == 1)
            {
                StartCloseTimer(destination);
                if (source.TellsClose)
                    _watching = WatchAsync(source, destination);
            }
        }
        catch (Exception) when (_closed)
        {
            // Stopped, as some streams can only be stopped by breaking them, or sent just now to who takes nothing more.
        }
        catch (Exception e)
        {
            // Whatever a stream throws means the same to a relay, and reaches the caller in the result.
            End(blame, e);
        }
    }

    // All that is there goes on at once.
    private static int Gather(ReadOnlyMemory<byte>[] all, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second, Duplex source, out int count)
    {
        (all[0], all[1]) = (first, second);
        int bytes = first.Length + second.Length;
        for (count = 2; count < all.Length && source.TryReadMore(out all[count]); count++)
            bytes += all[count].Length;
        return bytes;
    }

    // The one funnel: the first reason wins, and everything that waits ends because both streams are aborted.
    private void End(RelayEnd end, Exception? error)
    {
        lock (_endLock)
        {
            if (_end is not null)
                return;
            _end = end;
            _error = error;
        }
        _near.Abort();
        _far.Abort();
    }

    private void StartIdleTimer()
    {
        if (_options.IdleTimeout is not { } idle)
            return;
        _lastActivity = _options.TimeProvider.GetTimestamp();
        _idleTimer = _options.TimeProvider.CreateTimer(
            static relay => ((DuplexRelay)relay!).OnIdleTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _idleTimer.Change(idle, Timeout.InfiniteTimeSpan);
    }

    private void OnIdleTimer()
    {
        TimeSpan quiet = _options.TimeProvider.GetElapsedTime(Volatile.Read(ref _lastActivity));
        TimeSpan left = _options.IdleTimeout!.Value - quiet;
        if (left <= TimeSpan.Zero)
            End(RelayEnd.IdleTimeout, null);
        else
            _idleTimer!.Change(left, Timeout.InfiniteTimeSpan);
    }

    private void StartCloseTimer(Duplex left)
    {
        if (_options.CloseTimeout is not { } close)
            return;
        Volatile.Write(ref _lastActivity, _options.TimeProvider.GetTimestamp());
        _closeTimer = _options.TimeProvider.CreateTimer(_ => OnCloseTimer(left), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _closeTimer.Change(close, Timeout.InfiniteTimeSpan);
    }

    // What was sent stays for whoever reads it in time; a chunk that waits to be taken is hurried by the idle timeout alone.
    private void OnCloseTimer(Duplex left)
    {
        TimeSpan close = _options.CloseTimeout!.Value;
        bool writes = Volatile.Read(ref _writesToFar) || Volatile.Read(ref _writesToNear);
        TimeSpan rest = writes ? close : close - _options.TimeProvider.GetElapsedTime(Volatile.Read(ref _lastActivity));
        if (rest > TimeSpan.Zero)
        {
            _closeTimer!.Change(rest, Timeout.InfiniteTimeSpan);
            return;
        }

        _closing = true;
        _closed = true;
        left.StopReading();
    }

    private async ValueTask StopTimersAsync()
    {
        if (_idleTimer is not null)
            await _idleTimer.DisposeAsync().ConfigureAwait(false);
        if (_closeTimer is not null)
            await _closeTimer.DisposeAsync().ConfigureAwait(false);
    }

    // Who has closed both directions takes nothing more: then nobody needs to wait for what the other one might still send. That one is not
    // reset, which would take away what it has not read yet.
    private async Task WatchAsync(Duplex ended, Duplex other)
    {
        try
        {
            await ended.WaitForCloseAsync(_over).ConfigureAwait(false);
            _closed = true;
            other.StopReading();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The relay is over, or ends of this.
        }
    }
}

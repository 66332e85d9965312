using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Adit.Platform;

/// <summary>
/// Whether a socket is worth another try, told once for each change. One waits at a time; it goes on where <see cref="Set"/> is called, and
/// on a thread of the pool where it ends otherwise.
/// </summary>
/// <param name="isSet">Whether the first wait is over at once.</param>
internal sealed class Readiness(bool isSet = false) : IValueTaskSource
{
    private readonly Lock _sync = new();
    private ManualResetValueTaskSourceCore<bool> _core;
    private bool _isSet = isSet;
    private bool _waits;
    private bool _ended;

    /// <summary>Waits for the next change, unless there was one since the last wait.</summary>
    /// <exception cref="ObjectDisposedException">The socket was closed.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        short version;
        lock (_sync)
        {
            if (_ended)
                return ValueTask.FromException(Closed());
            if (_isSet)
            {
                _isSet = false;
                return default;
            }

            if (_waits)
                throw new InvalidOperationException("somebody waits already");
            _core.Reset();
            _core.RunContinuationsAsynchronously = false;
            _waits = true;
            version = _core.Version;
        }

        return cancellationToken.CanBeCanceled ? WaitAsync(version, cancellationToken) : new(this, version);
    }

    /// <summary>Something has changed.</summary>
    public void Set()
    {
        lock (_sync)
        {
            if (!_waits)
            {
                _isSet = true;
                return;
            }

            _waits = false;
        }

        _core.SetResult(true);
    }

    /// <summary>The socket is closed: nobody waits any more.</summary>
    public void End()
    {
        lock (_sync)
            _ended = true;
        if (TryEndWait())
            Fail(Closed());
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private static ObjectDisposedException Closed() => new(nameof(System.Net.Sockets.Socket));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(short version, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((Readiness)state!).Cancel(token), this);
        await new ValueTask(this, version).ConfigureAwait(false);
    }

    private void Cancel(CancellationToken token)
    {
        if (TryEndWait())
            Fail(new OperationCanceledException(token));
    }

    private bool TryEndWait()
    {
        lock (_sync)
        {
            bool waited = _waits;
            _waits = false;
            return waited;
        }
    }

    private void Fail(Exception failure)
    {
        _core.RunContinuationsAsynchronously = true;
        _core.SetException(failure);
    }
}

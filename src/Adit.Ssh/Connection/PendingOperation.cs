using System.Threading.Tasks.Sources;

namespace Adit.Ssh.Connection;

/// <summary>
/// One read or write that waits: reused, so that waiting allocates nothing. At most one at a time; the owner guards <see cref="IsPending"/>
/// with its lock and completes outside of it.
/// </summary>
internal sealed class PendingOperation<T>(bool continueInline) : IValueTaskSource<T>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<T> _core = new() { RunContinuationsAsynchronously = !continueInline };

    public bool IsPending { get; private set; }

    public short Start()
    {
        if (IsPending)
            throw new InvalidOperationException("an operation of this kind is already under way on the channel");
        _core.Reset();
        IsPending = true;
        return _core.Version;
    }

    /// <summary>True for the one caller that may complete the operation.</summary>
    public bool TryEnd()
    {
        bool was = IsPending;
        IsPending = false;
        return was;
    }

    public void SetResult(T result) => _core.SetResult(result);

    public void SetException(Exception exception) => _core.SetException(exception);

    public T GetResult(short token) => _core.GetResult(token);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}

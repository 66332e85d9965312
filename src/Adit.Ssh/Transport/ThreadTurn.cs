using System.Runtime.CompilerServices;

namespace Adit.Ssh.Transport;

/// <summary>
/// Awaited, it lets everybody have a turn who waits for the thread already. ConfigureAwaitOptions.ForceYielding does not: it queues on the
/// thread itself, which takes its own newest work first, so that a loop which is never made to wait would keep its thread from all others.
/// Task.Yield would go to a caller's synchronization context.
/// </summary>
/// <param name="later">As <see cref="Connection.ConnectionOptions.Later"/>; where it does not take the rest, a thread of the pool does.</param>
internal readonly struct ThreadTurn(Func<Action, bool>? later) : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public ThreadTurn GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        if (later?.Invoke(continuation) is not true)
            ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
    }
}

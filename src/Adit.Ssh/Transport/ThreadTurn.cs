using System.Runtime.CompilerServices;

namespace Adit.Ssh.Transport;

/// <summary>
/// Awaited, it lets everybody have a turn who waits for a thread already. ConfigureAwaitOptions.ForceYielding does not: it queues on the
/// thread itself, which takes its own newest work first, so that a loop which is never made to wait would keep its thread from all others.
/// Task.Yield would go to a caller's synchronization context.
/// </summary>
internal readonly struct ThreadTurn : ICriticalNotifyCompletion
{
    public static ThreadTurn End => default;

    public bool IsCompleted => false;

    public ThreadTurn GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) =>
        ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}

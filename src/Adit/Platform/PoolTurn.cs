using System.Runtime.CompilerServices;

namespace Adit.Platform;

/// <summary>Awaited, it goes on on a thread of the pool: for what may compute or block, which the thread of a <see cref="SocketLoop"/> and who sends packets may not.</summary>
internal readonly struct PoolTurn : ICriticalNotifyCompletion
{
    public static PoolTurn Begin => default;

    public bool IsCompleted => false;

    public PoolTurn GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) =>
        ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}

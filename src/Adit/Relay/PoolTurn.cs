using System.Runtime.CompilerServices;

namespace Adit.Relay;

/// <summary>Awaited, it leaves the thread of a <see cref="SocketLoop"/>, on which what follows might compute or block, for one of the pool; from any other it goes on at once.</summary>
internal readonly struct PoolTurn : ICriticalNotifyCompletion
{
    public static PoolTurn Begin => default;

    public bool IsCompleted => !OperatingSystem.IsLinux() || !SocketLoop.IsCaller;

    public PoolTurn GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) =>
        ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}

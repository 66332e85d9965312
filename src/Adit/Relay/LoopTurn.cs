using System.Runtime.CompilerServices;

namespace Adit.Relay;

/// <summary>Awaited, it lets everybody have a turn who waits for this thread: for the sockets of its <see cref="SocketLoop"/>, or in the pool.</summary>
internal readonly struct LoopTurn : ICriticalNotifyCompletion
{
    public static LoopTurn End => default;

    public bool IsCompleted => false;

    public LoopTurn GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        if (!OperatingSystem.IsLinux() || !SocketLoop.TryDefer(continuation))
            ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
    }
}

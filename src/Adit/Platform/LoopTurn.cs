using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>Awaited on the thread of a <see cref="SocketLoop"/>, it lets everybody have a turn for whom something has arrived there.</summary>
[SupportedOSPlatform("linux")]
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
        if (!SocketLoop.TryDefer(continuation))
            ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
    }
}

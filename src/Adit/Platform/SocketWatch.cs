using System.Net.Sockets;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>What a <see cref="SocketLoop"/> tells of one socket.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SocketWatch : IDisposable
{
    private readonly SocketLoop _loop;
    private readonly int _place;
    private int _disposed;
    private volatile bool _mayLeaveMore;
    private Readiness? _writable;

    /// <summary>Begins to watch; the socket has to stay open until this is disposed.</summary>
    /// <exception cref="IOException">The system has no room for it.</exception>
    public SocketWatch(SafeSocketHandle handle)
    {
        Handle = handle;
        _loop = SocketLoop.ForCaller;
        _place = _loop.Add(this);
    }

    /// <summary>Tells when there may be something to read, or the end.</summary>
    public Readiness Readable { get; } = new();

    /// <summary>Tells when there may be room for more. Most sockets always have some; what was told before this was asked for may have been missed.</summary>
    public Readiness Writable => Volatile.Read(ref _writable) ?? MakeWritable();

    /// <summary>A read that takes less than it could may leave something behind, of which nothing will be told: at the end, and around urgent data.</summary>
    public bool MayLeaveMore => _mayLeaveMore;

    internal SafeSocketHandle Handle { get; }

    internal uint Generation { get; set; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _loop.Remove(this, _place);
        Readable.End();
        Volatile.Read(ref _writable)?.End();
    }

    private Readiness MakeWritable()
    {
        var made = new Readiness(isSet: true);
        Readiness writable = Interlocked.CompareExchange(ref _writable, made, null) ?? made;
        // Whoever disposes looks for it after having said so: one of the two ends it.
        if (Volatile.Read(ref _disposed) != 0)
            writable.End();
        return writable;
    }

    internal void OnEvents(uint happened)
    {
        bool over = (happened & (EpollCalls.Error | EpollCalls.HangUp)) != 0;
        if (over || (happened & (EpollCalls.PeerEnded | EpollCalls.Urgent)) != 0)
            _mayLeaveMore = true;
        if (over || (happened & (EpollCalls.In | EpollCalls.PeerEnded)) != 0)
            Readable.Set();
        if (over || (happened & EpollCalls.Out) != 0)
            Volatile.Read(ref _writable)?.Set();
    }
}

using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>
/// A thread that waits for many sockets and goes on with whoever waited for one of them. What they leave for later is done once for all that
/// arrived together: a connection that many channels write to sends once. .NET's own engine has no such moment, and wakes more threads.
/// </summary>
/// <remarks>Who is called here may not block. Safe to use from anywhere.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class SocketLoop
{
    // What is read for so many lies in memory at a time.
    private const int MostEvents = 64;

    private static readonly SocketLoop?[] All = new SocketLoop?[Math.Clamp(Environment.ProcessorCount / 2, 1, 8)];
    private static readonly Lock Starting = new();

    private static readonly TimeSpan LivelyTime = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan LittleWork = TimeSpan.FromMicroseconds(30);

    private static uint s_next;

    [ThreadStatic]
    private static SocketLoop? t_current;

    private readonly SafeFileHandle _epoll = EpollCalls.Create();
    private readonly Lock _sync = new();
    private SocketWatch?[] _watches = new SocketWatch?[64];
    private readonly Stack<int> _free = new();
    private int _used;
    private uint _generation;
    private long _returned;
    private bool _isLively;
    private List<Action> _later = [];
    private List<Action> _doing = [];

    // Whoever is first leaves nothing of its own with the thread.
    private SocketLoop() => new Thread(Run) { IsBackground = true, Name = "sockets" }.UnsafeStart();

    /// <summary>Whether a loop calls.</summary>
    public static bool IsCaller => t_current is not null;

    /// <summary>The loop that calls, or else one for somebody new.</summary>
    public static SocketLoop ForCaller => t_current ?? Next();

    /// <summary>Has the action called when everybody had a turn for whom something has arrived. False, and nothing done, where no loop calls.</summary>
    public static bool TryDefer(Action action)
    {
        if (t_current is not { } loop)
            return false;
        loop._later.Add(action);
        return true;
    }

    /// <summary>Tells the watch of what happens to its socket from now on.</summary>
    /// <returns>What <see cref="Remove"/> wants.</returns>
    /// <exception cref="IOException">The system has no room for it.</exception>
    public int Add(SocketWatch watch)
    {
        int place;
        ulong data;
        lock (_sync)
        {
            if (!_free.TryPop(out place))
                place = _used++;
            if (place == _watches.Length)
                Array.Resize(ref _watches, _watches.Length * 2);
            watch.Generation = ++_generation;
            Volatile.Write(ref _watches[place], watch);
            data = ((ulong)_generation << 32) | (uint)place;
        }

        try
        {
            EpollCalls.Watch(_epoll, watch.Handle, EpollCalls.In | EpollCalls.Out | EpollCalls.Urgent | EpollCalls.PeerEnded | EpollCalls.OnChange, data);
        }
        catch
        {
            Free(place);
            throw;
        }

        return place;
    }

    /// <summary>Forgets the watch, whose socket is still open.</summary>
    public void Remove(SocketWatch watch, int place)
    {
        EpollCalls.Forget(_epoll, watch.Handle);
        Free(place);
    }

    private static SocketLoop Next()
    {
        uint next = Interlocked.Increment(ref s_next) % (uint)All.Length;
        if (Volatile.Read(ref All[next]) is { } loop)
            return loop;
        lock (Starting)
            return All[next] ??= new();
    }

    private void Free(int place)
    {
        lock (_sync)
        {
            _watches[place] = null;
            _free.Push(place);
        }
    }

    private void Run()
    {
        t_current = this;
        byte[] events = new byte[MostEvents * EpollCalls.EventBytes];
        while (true)
        {
            int count = Wait(events);
            for (int i = 0; i < count; i++)
            {
                (uint happened, ulong data) = EpollCalls.Read(events, i);
                Find(data)?.OnEvents(happened);
            }

            // What is left for later meanwhile waits until the sockets were looked at again.
            (_doing, _later) = (_later, _doing);
            foreach (Action action in _doing)
                action();
            _doing.Clear();
        }
    }

    // A thread that sleeps is woken late, and at some cost, by whoever answers within microseconds. So where the last answer came as quickly, it
    // is looked for again and again, and everybody who can run goes first. Not where there was much to do: more comes together while it sleeps.
    private int Wait(Span<byte> events)
    {
        int count = EpollCalls.Wait(_epoll, events, mayWait: false);
        if (count > 0 || _later.Count > 0)
            return count;
        long began = Stopwatch.GetTimestamp();
        bool looks = _isLively && Stopwatch.GetElapsedTime(_returned, began) < LittleWork;
        while (looks && count == 0 && Stopwatch.GetElapsedTime(began) < LivelyTime)
        {
            EpollCalls.LetOthersRun();
            count = EpollCalls.Wait(_epoll, events, mayWait: false);
        }

        if (count == 0)
            count = EpollCalls.Wait(_epoll, events, mayWait: true);
        _returned = Stopwatch.GetTimestamp();
        _isLively = Stopwatch.GetElapsedTime(began, _returned) < LivelyTime;
        return count;
    }

    // An event may have been fetched before its watch was removed, and its place taken by another.
    private SocketWatch? Find(ulong data)
    {
        SocketWatch?[] watches = Volatile.Read(ref _watches);
        int place = (int)(uint)data;
        return place < watches.Length && Volatile.Read(ref watches[place]) is { } watch && watch.Generation == (uint)(data >> 32) ? watch : null;
    }
}

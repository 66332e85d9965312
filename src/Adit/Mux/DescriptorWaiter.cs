using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Mux;

/// <summary>
/// Waits for descriptors of other processes: terminals, pipes and whatever else a client's standard streams are. They are shared with
/// that client, so they must not be made non-blocking; one thread asks the kernel about all of them (poll(2)).
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class DescriptorWaiter : IDisposable
{
    private const short Readable = 1;
    private const short Writable = 4;
    private const int CloseOnExec = 0x80000;
    private const int DoNotBlock = 0x800;
    private const int NoTimeout = -1;

    private readonly Lock _lock = new();
    private readonly List<Wait> _waits = [];
    private readonly SafeFileHandle _wake;
    private readonly Thread _thread;
    private bool _stopped;

    /// <summary>Starts the thread.</summary>
    internal DescriptorWaiter()
    {
        _wake = new(EventDescriptor(0, CloseOnExec | DoNotBlock), ownsHandle: true);
        if (_wake.IsInvalid)
            throw new IOException($"too few descriptors are left to share a connection: {Marshal.GetLastPInvokeErrorMessage()}");
        _thread = new Thread(Run) { IsBackground = true, Name = "shared standard streams" };
        _thread.Start();
    }

    /// <summary>Waits until there is something to read, the end included.</summary>
    internal Task UntilReadableAsync(SafeFileHandle descriptor, CancellationToken cancellationToken) => WaitAsync(descriptor, Readable, cancellationToken);

    /// <summary>Waits until a little can be written, or nobody reads any more.</summary>
    internal Task UntilWritableAsync(SafeFileHandle descriptor, CancellationToken cancellationToken) => WaitAsync(descriptor, Writable, cancellationToken);

    /// <summary>Ends the thread; whoever still waits gets an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopped)
                return;
            _stopped = true;
            Wake();
        }

        _thread.Join();
        _wake.Dispose();
    }

    private async Task WaitAsync(SafeFileHandle descriptor, short events, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var wait = new Wait(descriptor, events);
        if (IsReady(wait))
            return;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            _waits.Add(wait);
            Wake();
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(Cancel, wait);
        await wait.Ready.Task.ConfigureAwait(false);

        void Cancel(object? state, CancellationToken token)
        {
            var cancelled = (Wait)state!;
            lock (_lock)
            {
                if (_waits.Remove(cancelled) && !_stopped)
                    Wake();
            }

            cancelled.Ready.TrySetCanceled(token);
        }
    }

    // Saves the way through the thread while data flows.
    private static bool IsReady(Wait wait)
    {
        PollEntry[] entry = [new() { Descriptor = wait.Hold(), Events = wait.Events }];
        bool ready = Poll(entry, 1, 0) > 0;
        wait.Release();
        return ready;
    }

    private void Run()
    {
        List<Wait> asked = [];
        PollEntry[] entries = [];
        while (true)
        {
            lock (_lock)
            {
                if (_stopped)
                    break;
                asked.Clear();
                asked.AddRange(_waits);
            }

            int count = asked.Count + 1;
            if (entries.Length < count)
                entries = new PollEntry[Math.Max(count, entries.Length * 2)];
            entries[0] = new() { Descriptor = (int)_wake.DangerousGetHandle(), Events = Readable };
            for (int i = 0; i < asked.Count; i++)
                entries[i + 1] = new() { Descriptor = asked[i].Hold(), Events = asked[i].Events };
            int ready = Poll(entries, (nuint)count, NoTimeout);
            foreach (Wait wait in asked)
                wait.Release();
            if (ready > 0)
                Complete(asked, entries);
        }

        FailAll();
    }

    private void Complete(List<Wait> asked, PollEntry[] entries)
    {
        if (entries[0].Returned != 0)
            _ = ReadEvent(_wake, out _, sizeof(ulong));
        for (int i = 0; i < asked.Count; i++)
        {
            if (entries[i + 1].Returned == 0)
                continue;
            lock (_lock)
                _waits.Remove(asked[i]);
            asked[i].Ready.TrySetResult();
        }
    }

    private void FailAll()
    {
        Wait[] left;
        lock (_lock)
        {
            left = [.. _waits];
            _waits.Clear();
        }

        foreach (Wait wait in left)
            wait.Ready.TrySetException(new ObjectDisposedException(nameof(DescriptorWaiter)));
    }

    // Called with the lock held, so that the descriptor is there.
    private void Wake()
    {
        ulong one = 1;
        _ = WriteEvent(_wake, in one, sizeof(ulong));
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll([In, Out] PollEntry[] entries, nuint count, int timeout);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteEvent(SafeFileHandle descriptor, in ulong value, nuint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadEvent(SafeFileHandle descriptor, out ulong value, nuint length);

    // struct pollfd
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    private sealed class Wait(SafeFileHandle descriptor, short events)
    {
        // poll(2) skips what is negative.
        private const int Nothing = -1;

        private bool _held;

        public short Events => events;

        public TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Held while the kernel looks at it, so that its number does not become another file's.
        public int Hold()
        {
            try
            {
                descriptor.DangerousAddRef(ref _held);
                return (int)descriptor.DangerousGetHandle();
            }
            catch (ObjectDisposedException)
            {
                return Nothing;
            }
        }

        public void Release()
        {
            if (_held)
                descriptor.DangerousRelease();
            _held = false;
        }
    }
}

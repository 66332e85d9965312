using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>
/// Waits for descriptors that are shared with other processes, such as standard streams: terminals, pipes, files, sockets. They must not be
/// made non-blocking, which the others would notice, and epoll(7) takes no files; one thread asks the kernel about all of them (poll(2)).
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class DescriptorWaiter : IDisposable
{
    private const int StackSize = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly List<Wait> _waits = [];
    private readonly AnonymousPipeServerStream _wake;
    private readonly Thread _thread;
    private bool _woken;
    private bool _stopped;

    /// <summary>Starts the thread.</summary>
    /// <exception cref="IOException">Too few descriptors are left.</exception>
    internal DescriptorWaiter()
    {
        try
        {
            _wake = new(PipeDirection.Out);
        }
        catch (IOException e)
        {
            throw new IOException($"too few descriptors are left to wait for standard streams: {e.Message}", e);
        }

        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "standard streams" };
        _thread.Start();
    }

    /// <summary>Waits until there is something to read, the end included.</summary>
    internal Task UntilReadableAsync(SafeHandle descriptor, CancellationToken cancellationToken) =>
        WaitAsync(descriptor, DescriptorCalls.Readable, cancellationToken);

    /// <summary>Waits until a little can be written, or nobody reads any more.</summary>
    internal Task UntilWritableAsync(SafeHandle descriptor, CancellationToken cancellationToken) =>
        WaitAsync(descriptor, DescriptorCalls.Writable, cancellationToken);

    /// <summary>Whether a little can be written right now, or nobody reads any more.</summary>
    internal static bool IsWritable(SafeHandle descriptor) => IsReady(new(descriptor, DescriptorCalls.Writable));

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

    private async Task WaitAsync(SafeHandle descriptor, short events, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(descriptor.IsClosed, descriptor);
        var wait = new Wait(descriptor, events);

        // Saves the way through the thread while data flows.
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

    private static bool IsReady(Wait wait)
    {
        Span<DescriptorCalls.Polled> polled = [new() { Descriptor = wait.Hold(), Events = wait.Events }];
        bool ready = DescriptorCalls.Poll(polled, 1, 0) > 0;
        wait.Release();
        return ready;
    }

    private void Run()
    {
        List<Wait> asked = [];
        DescriptorCalls.Polled[] polled = [];
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
            if (polled.Length < count)
                polled = new DescriptorCalls.Polled[Math.Max(count, polled.Length * 2)];
            polled[0] = new() { Descriptor = (int)_wake.ClientSafePipeHandle.DangerousGetHandle(), Events = DescriptorCalls.Readable };
            for (int i = 0; i < asked.Count; i++)
                polled[i + 1] = new() { Descriptor = asked[i].Hold(), Events = asked[i].Events };
            int ready = DescriptorCalls.Poll(polled, (nuint)count, Timeout.Infinite);
            foreach (Wait wait in asked)
                wait.Release();
            if (ready > 0)
                Complete(asked, polled);
        }

        FailAll();
    }

    private void Complete(List<Wait> asked, ReadOnlySpan<DescriptorCalls.Polled> polled)
    {
        lock (_lock)
        {
            if (polled[0].Returned != 0)
            {
                _ = DescriptorCalls.Read(_wake.ClientSafePipeHandle, stackalloc byte[1], 1);
                _woken = false;
            }

            for (int i = 0; i < asked.Count; i++)
            {
                if (polled[i + 1].Returned == 0)
                    continue;
                _waits.Remove(asked[i]);
                asked[i].Ready.TrySetResult();
            }
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

    // Called with the lock held. One byte at a time is in the pipe, so that it never blocks.
    private void Wake()
    {
        if (_woken)
            return;
        _woken = true;
        _wake.WriteByte(0);
    }

    private sealed class Wait(SafeHandle descriptor, short events)
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

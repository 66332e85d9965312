using System.ComponentModel;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Sessions;

/// <summary>
/// One direction of a descriptor that may be a terminal, a pipe or a file and may block, such as standard input, as a stream whose calls
/// heed their tokens. A thread of its own waits for the descriptor, and only while a call is under way: nothing is read that nobody asked
/// for, and what a cancelled read had got already is there for the next one. The descriptor's flags stay as they are, since other processes
/// share them. One call at a time; a write that was cancelled is the last. Disposing it leaves the descriptor open.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class DescriptorStream : Stream
{
    private const int BufferSize = 32 * 1024;

    // PIPE_BUF: a pipe that is ready takes so much without blocking.
    private const int Step = 4096;
    private const int StackSize = 256 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly SafeHandle _handle;
    private readonly int _descriptor;
    private readonly bool _reads;
    private readonly bool _isTerminal;
    private readonly AnonymousPipeServerStream _wake = new(PipeDirection.Out);
    private readonly Thread _thread;
    private readonly object _gate = new();

    // All under the gate, but for the buffer's bytes while the thread works on them.
    private readonly byte[] _buffer = new byte[BufferSize];
    private TaskCompletionSource? _waiter;
    private Exception? _failure;
    private int _start;
    private int _end;
    private bool _inputEnded;
    private bool _polls;
    private bool _disposed;

    private DescriptorStream(SafeHandle handle, bool reads)
    {
        bool held = false;
        handle.DangerousAddRef(ref held);
        _handle = handle;
        _descriptor = (int)handle.DangerousGetHandle();
        _reads = reads;
        _isTerminal = TerminalDevice.Settings(handle) is not null;
        _thread = new Thread(Work, StackSize) { IsBackground = true, Name = reads ? "input" : "output" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public override bool CanRead => _reads;

    /// <inheritdoc/>
    public override bool CanWrite => !_reads;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads from a descriptor.</summary>
    public static DescriptorStream Reader(SafeHandle handle) => new(handle, reads: true);

    /// <summary>Writes to a descriptor.</summary>
    public static DescriptorStream Writer(SafeHandle handle) => new(handle, reads: false);

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_reads)
            throw new NotSupportedException();
        while (true)
        {
            Task ready;
            lock (_gate)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_start < _end || _inputEnded || buffer.IsEmpty)
                {
                    int count = Math.Min(buffer.Length, _end - _start);
                    Memory<byte> read = _buffer.AsMemory(_start, count);
                    read.CopyTo(buffer);

                    // Passwords come this way.
                    read.Span.Clear();
                    _start += count;
                    return count;
                }

                ready = Begin();
            }

            await WaitAsync(ready, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_reads)
            throw new NotSupportedException();
        while (!buffer.IsEmpty)
        {
            Task written;
            lock (_gate)
            {
                cancellationToken.ThrowIfCancellationRequested();
                (_start, _end) = (0, Math.Min(buffer.Length, BufferSize));
                buffer.Span[.._end].CopyTo(_buffer);
                buffer = buffer[_end..];
                written = Begin();
            }

            await WaitAsync(written, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Ends the thread, and a call that is under way.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_gate)
            {
                _disposed = true;
                _waiter?.TrySetException(new ObjectDisposedException(nameof(DescriptorStream)));
                Wake();
            }

            // Someone else may have taken what the thread was told of, so that it waits in the call: then it goes with the process.
            if (_thread.Join(Patience))
                _wake.Dispose();
        }

        base.Dispose(disposing);
    }

    // With the gate held, as the following two.
    private Task Begin()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_failure is { } failure)
            throw failure;
        if (_waiter is { Task.IsCompleted: false })
            throw new InvalidOperationException("a call is under way on the descriptor");
        _waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Monitor.PulseAll(_gate);
        return _waiter.Task;
    }

    private bool IsWanted => _waiter is { Task.IsCompleted: false };

    private void Wake()
    {
        Monitor.PulseAll(_gate);
        if (!_polls)
            return;
        _polls = false;
        _wake.WriteByte(0);
    }

    private async ValueTask WaitAsync(Task done, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((DescriptorStream)state!).Cancel(token), this);
        await done.ConfigureAwait(false);
    }

    private void Cancel(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_waiter?.TrySetCanceled(cancellationToken) is not true)
                return;

            // Nobody knows how much of it was written.
            if (!_reads)
                _failure = new IOException("a write was given up");
            Wake();
        }
    }

    private void Work()
    {
        try
        {
            while (WaitForCall())
            {
                if (WaitForDescriptor())
                    Transfer();
            }
        }
        finally
        {
            _handle.DangerousRelease();
        }
    }

    // False at the end.
    private bool WaitForCall()
    {
        lock (_gate)
        {
            while (!_disposed && !IsWanted)
                Monitor.Wait(_gate);
            _polls = !_disposed;
            return !_disposed;
        }
    }

    // True when it can be read or written, and somebody still wants that.
    private bool WaitForDescriptor()
    {
        Span<DescriptorCalls.Polled> polled =
        [
            new() { Descriptor = _descriptor, Events = _reads ? DescriptorCalls.Readable : DescriptorCalls.Writable },
            new() { Descriptor = (int)_wake.ClientSafePipeHandle.DangerousGetHandle(), Events = DescriptorCalls.Readable },
        ];
        while (DescriptorCalls.Poll(polled, (nuint)polled.Length, Timeout.Infinite) < 0 && Marshal.GetLastPInvokeError() == DescriptorCalls.Interrupted)
        {
        }

        lock (_gate)
        {
            // Woken: the byte is in the pipe, or about to be read from it.
            if (!_polls)
                _ = DescriptorCalls.Read(polled[1].Descriptor, stackalloc byte[1], 1);
            _polls = false;
            return IsWanted && polled[0].Returned != 0;
        }
    }

    private void Transfer()
    {
        nint count = _reads
            ? DescriptorCalls.Read(_descriptor, _buffer, BufferSize)
            : DescriptorCalls.Write(_descriptor, _buffer.AsSpan(_start.._end)[..Math.Min(Step, _end - _start)], (nuint)Math.Min(Step, _end - _start));
        int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (count < 0 && DescriptorCalls.IsTransient(error))
            return;
        lock (_gate)
        {
            if (count >= 0 && _reads)
            {
                (_start, _end) = (0, (int)count);
                _inputEnded = count == 0;
            }
            else if (count >= 0)
            {
                _start += (int)count;
            }
            else if (_reads && _isTerminal && error == DescriptorCalls.InputOutputError)
            {
                // A terminal that hung up.
                (_start, _end, _inputEnded) = (0, 0, true);
            }
            else
            {
                _failure = new IOException(new Win32Exception(error).Message);
            }

            if (_failure is not null)
                _waiter?.TrySetException(_failure);
            else if (_reads || _start == _end)
                _waiter?.TrySetResult();
        }
    }
}

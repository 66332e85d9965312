using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Adit.Platform;

/// <summary>
/// One direction of a descriptor that may be a terminal, a pipe, a file or a socket and may block, such as standard input, as a stream whose
/// calls heed their tokens. It waits at a <see cref="DescriptorWaiter"/> that many share. Nothing is read that nobody asked for, and what a
/// cancelled read had got already is there for the next one. The descriptor's flags stay as they are, since other processes share them.
/// One call at a time; a write that was cancelled is the last. Disposing it ends a call that is under way.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class DescriptorStream : Stream
{
    private const int BufferSize = 32 * 1024;

    // PIPE_BUF: a pipe that is ready takes so much without blocking.
    private const int Step = 4096;

    private readonly DescriptorWaiter _waiter;
    private readonly bool _reads;
    private readonly bool _leaveOpen;
    private readonly bool _isTerminal;
    private readonly CancellationTokenSource _disposal = new();
    private readonly Lock _gate = new();

    // All under the gate, but for the buffer while a transfer works on it. Transfers have a thread of their own for as long as they take:
    // someone else may take what a wait was for, so that they block, and their caller must not.
    private byte[] _buffer = [];
    private Task? _filling;
    private Exception? _failure;
    private int _start;
    private int _end;
    private bool _inputEnded;
    private bool _isBusy;

    private DescriptorStream(SafeHandle descriptor, DescriptorWaiter waiter, bool reads, bool leaveOpen)
    {
        Descriptor = descriptor;
        _waiter = waiter;
        _reads = reads;
        _leaveOpen = leaveOpen;
        _isTerminal = DescriptorCalls.IsTerminal(descriptor);
    }

    /// <summary>The descriptor, for what is asked of terminals.</summary>
    public SafeHandle Descriptor { get; }

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

    /// <summary>Reads from a descriptor, which is closed with the stream unless it is left open.</summary>
    public static DescriptorStream Reader(SafeHandle descriptor, DescriptorWaiter waiter, bool leaveOpen = false) =>
        new(descriptor, waiter, reads: true, leaveOpen);

    /// <summary>Writes to a descriptor, which is closed with the stream unless it is left open.</summary>
    public static DescriptorStream Writer(SafeHandle descriptor, DescriptorWaiter waiter, bool leaveOpen = false) =>
        new(descriptor, waiter, reads: false, leaveOpen);

    /// <summary>Reads what is there, or waits for something; a read of nothing waits alone. 0 at the end.</summary>
    /// <exception cref="IOException">The descriptor cannot be read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_reads)
            throw new NotSupportedException();
        using CancellationTokenSource either = Begin(cancellationToken);
        try
        {
            while (true)
            {
                Task? filling;
                lock (_gate)
                {
                    if (TryTake(buffer.Span, out int count))
                        return count;
                    filling = _filling;
                }

                // One that was given up goes on where it is stuck, since what it gets is not to be lost.
                if (filling is null)
                {
                    await _waiter.UntilReadableAsync(Descriptor, either.Token).ConfigureAwait(false);
                    if (buffer.IsEmpty)
                        return 0;
                    filling = StartFill();
                }

                await filling.WaitAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException e)
        {
            throw Ended(e, cancellationToken);
        }
        finally
        {
            End();
        }
    }

    /// <summary>Writes all of it, waiting while the reader does not take more.</summary>
    /// <exception cref="IOException">Nobody reads, the descriptor cannot be written, or a write was given up before.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_reads)
            throw new NotSupportedException();
        using CancellationTokenSource either = Begin(cancellationToken);
        try
        {
            while (!buffer.IsEmpty)
            {
                lock (_gate)
                {
                    ThrowIfFailed();
                    Allocate();
                    (_start, _end) = (0, Math.Min(buffer.Length, BufferSize));
                    buffer.Span[.._end].CopyTo(_buffer);
                    buffer = buffer[_end..];
                }

                while (HasUnwritten())
                {
                    await _waiter.UntilWritableAsync(Descriptor, either.Token).ConfigureAwait(false);
                    await Task.Run(() => Drain(either.Token), CancellationToken.None).WaitAsync(either.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException e)
        {
            // Nobody knows how much of it was written.
            lock (_gate)
                _failure ??= new IOException("a write was given up");
            throw Ended(e, cancellationToken);
        }
        finally
        {
            End();
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

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _disposal.Cancel();
            if (!_leaveOpen)
                Descriptor.Dispose();
        }

        base.Dispose(disposing);
    }

    // The source of the disposal stays undisposed: a late call must be able to ask it.
    private CancellationTokenSource Begin(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_isBusy)
                throw new InvalidOperationException("a call is under way on the descriptor");
            _isBusy = true;
        }

        return CancellationTokenSource.CreateLinkedTokenSource(_disposal.Token, cancellationToken);
    }

    private void End()
    {
        lock (_gate)
            _isBusy = false;
    }

    private static Exception Ended(OperationCanceledException e, CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? new OperationCanceledException(e.Message, e, cancellationToken)
        : new ObjectDisposedException(nameof(DescriptorStream));

    // With the gate held, as the following two.
    private bool TryTake(Span<byte> buffer, out int count)
    {
        count = Math.Min(buffer.Length, _end - _start);
        if (_start == _end)
        {
            if (!_inputEnded)
                ThrowIfFailed();
            return _inputEnded;
        }

        Span<byte> read = _buffer.AsSpan(_start, count);
        read.CopyTo(buffer);

        // Passwords come this way.
        read.Clear();
        _start += count;
        return true;
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
            throw failure;
    }

    private void Allocate()
    {
        if (_buffer.Length == 0)
            _buffer = new byte[BufferSize];
    }

    private bool HasUnwritten()
    {
        lock (_gate)
        {
            ThrowIfFailed();
            return _start < _end;
        }
    }

    private Task StartFill()
    {
        lock (_gate)
        {
            Allocate();
            return _filling = Task.Run(Fill);
        }
    }

    private void Fill()
    {
        nint count = DescriptorCalls.Read(Descriptor, _buffer, BufferSize);
        int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        lock (_gate)
        {
            _filling = null;
            (_start, _end) = (0, (int)Math.Max(count, 0));

            // A terminal that hung up fails so.
            if (error == 0 || (_isTerminal && error == DescriptorCalls.InputOutputError))
                _inputEnded = _end == 0;
            else
                Fail(error);
        }
    }

    private void Drain(CancellationToken cancellationToken)
    {
        int start = _start;
        int error = 0;
        do
        {
            ReadOnlySpan<byte> step = _buffer.AsSpan(start, Math.Min(Step, _end - start));
            nint count = DescriptorCalls.Write(Descriptor, step, (nuint)step.Length);
            if (count < 0)
                error = Marshal.GetLastPInvokeError();
            else
                start += (int)count;
        }
        while (error == 0 && start < _end && !cancellationToken.IsCancellationRequested && DescriptorWaiter.IsWritable(Descriptor));

        lock (_gate)
        {
            _start = start;
            Fail(error);
        }
    }

    private void Fail(int error)
    {
        if (error == 0 || DescriptorCalls.IsTransient(error))
            return;
        string text = Marshal.GetPInvokeErrorMessage(error);
        _failure ??= new IOException(error == DescriptorCalls.BrokenPipe
            ? $"nobody reads what is written ({text})"
            : $"the stream cannot be {(_reads ? "read" : "written")}: {text}");
    }
}

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Mux;

/// <summary>
/// One of a client's standard streams, by the descriptor that it handed over: read or written, with waits that can be cancelled and
/// that no thread is lost to. It owns the descriptor. One operation at a time; disposing it ends one that waits.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class DescriptorStream(SafeFileHandle descriptor, DescriptorWaiter waiter) : Stream
{
    // pipe(7): as much as a pipe that is ready takes at once.
    private const int AtOnce = 4096;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int BrokenPipe = 32;

    // A terminal that was hung up, and one that this process may not read.
    private const int InputOutputError = 5;

    private readonly CancellationTokenSource _disposal = new();

    /// <summary>The descriptor, for what is asked of terminals.</summary>
    public SafeFileHandle Descriptor => descriptor;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

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

    /// <summary>Reads what is there, or waits for something; a read of nothing waits alone. 0 at the end.</summary>
    /// <exception cref="IOException">The descriptor cannot be read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource either = Until(cancellationToken);
        while (true)
        {
            await WaitAsync(waiter.UntilReadableAsync(descriptor, either.Token), cancellationToken).ConfigureAwait(false);
            if (buffer.IsEmpty)
                return 0;
            nint count = Read(descriptor, buffer.Span, (nuint)buffer.Length);
            if (count >= 0)
                return (int)count;
            int error = Marshal.GetLastPInvokeError();
            if (error == InputOutputError)
                return 0;
            ThrowUnlessRetry(error);
        }
    }

    /// <summary>Writes all of it, waiting while the reader does not take more.</summary>
    /// <exception cref="IOException">Nobody reads, or the descriptor cannot be written.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using CancellationTokenSource either = Until(cancellationToken);
        while (!buffer.IsEmpty)
        {
            await WaitAsync(waiter.UntilWritableAsync(descriptor, either.Token), cancellationToken).ConfigureAwait(false);
            ReadOnlyMemory<byte> part = buffer[..Math.Min(buffer.Length, AtOnce)];
            nint count = Write(descriptor, part.Span, (nuint)part.Length);
            if (count < 0)
                ThrowUnlessRetry(Marshal.GetLastPInvokeError());
            else
                buffer = buffer[(int)count..];
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
            descriptor.Dispose();
        }

        base.Dispose(disposing);
    }

    // The source of the disposal stays undisposed: a late call must be able to ask it.
    private CancellationTokenSource Until(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposal.IsCancellationRequested, this);
        return CancellationTokenSource.CreateLinkedTokenSource(_disposal.Token, cancellationToken);
    }

    private static async ValueTask WaitAsync(Task ready, CancellationToken cancellationToken)
    {
        try
        {
            await ready.ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new ObjectDisposedException("the client's standard stream was closed", e);
        }
    }

    private static void ThrowUnlessRetry(int error)
    {
        if (error is Interrupted or WouldBlock)
            return;
        throw new IOException(error == BrokenPipe
            ? "nobody reads the client's output any more"
            : $"the client's standard streams failed: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle descriptor, Span<byte> data, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle descriptor, ReadOnlySpan<byte> data, nuint length);
}

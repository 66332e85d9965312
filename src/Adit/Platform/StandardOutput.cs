using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Adit.Platform;

/// <summary>
/// Standard output for what is relayed: that nobody reads it any more is a failure, of which .NET's own stream says nothing. The descriptor stays
/// open. One write at a time; it holds a thread of the pool for as long as it takes.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class StandardOutput : Stream
{
    private readonly SafeFileHandle _descriptor = new(StandardDescriptors.Output, ownsHandle: false);
    private volatile bool _isClosed;

    public override bool CanRead => false;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes all of it.</summary>
    /// <exception cref="IOException">Nobody reads, or it cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        const int forEver = -1;
        while (!buffer.IsEmpty)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            nint written = DescriptorCalls.Write(_descriptor, buffer, (nuint)buffer.Length);
            if (written > 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (written == 0 || !DescriptorCalls.IsTransient(error))
                throw new IOException($"standard output cannot be written: {Marshal.GetPInvokeErrorMessage(error)}");
            DescriptorCalls.Polled room = new() { Descriptor = StandardDescriptors.Output, Events = DescriptorCalls.Writable };
            _ = DescriptorCalls.Poll(new Span<DescriptorCalls.Polled>(ref room), 1, forEver);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await PoolTurn.Begin;
        Write(buffer.Span);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _isClosed = true;
        base.Dispose(disposing);
    }
}

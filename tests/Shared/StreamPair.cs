using System.IO.Pipelines;

namespace Adit.Tests.Shared;

/// <summary>Two streams, each the other's peer, in memory and with bounded buffers. Faults can be put on either end.</summary>
internal sealed class StreamPair
{
    public StreamPair(int capacity = 1024 * 1024, int maxRead = int.MaxValue)
    {
        var options = new PipeOptions(pauseWriterThreshold: capacity, resumeWriterThreshold: capacity / 2, useSynchronizationContext: false);
        var toLeft = new Pipe(options);
        var toRight = new Pipe(options);
        Left = new End(toLeft.Reader, toRight.Writer, maxRead);
        Right = new End(toRight.Reader, toLeft.Writer, maxRead);
    }

    public End Left { get; }

    public End Right { get; }

    internal sealed class End(PipeReader reader, PipeWriter writer, int maxRead) : Stream
    {
        private readonly Stream _input = reader.AsStream();
        private readonly Stream _output = writer.AsStream();
        private readonly TaskCompletionSource _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _disposed;

        /// <summary>Nothing more can be written, while what the peer sends still comes.</summary>
        public bool RefusesWrites { get; set; }

        /// <summary>What is written waits for this.</summary>
        public Task Gate { get; set; } = Task.CompletedTask;

        /// <summary>A write was refused.</summary>
        public Task WriteRefused => _refused.Task;

        public bool IsDisposed => Volatile.Read(ref _disposed) != 0;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _input.ReadAsync(buffer[..Math.Min(buffer.Length, maxRead)], cancellationToken);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            if (RefusesWrites)
            {
                _refused.TrySetResult();
                throw new IOException("the peer takes no more, as the test asked for");
            }

            await Gate.WaitAsync(cancellationToken);
            await _output.WriteAsync(buffer, cancellationToken);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                writer.CancelPendingFlush();
                writer.Complete();
                reader.Complete();
                reader.CancelPendingRead();
            }

            base.Dispose(disposing);
        }
    }
}

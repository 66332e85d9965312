using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Tls;

/// <summary>
/// What TLS records go through, between an <see cref="System.Net.Security.SslStream"/> and the duplex below. It hands them up one by one, so
/// that it is known when another whole one is there, and gathers those that are written together into one write. It owns the duplex.
/// </summary>
/// <param name="duplex">The duplex.</param>
/// <param name="read">What was read of it already; a copy that stays.</param>
internal sealed class TlsWire(Duplex duplex, ReadOnlyMemory<byte> read) : Stream
{
    // RFC 8446 section 5.1: type, version, length
    private const int RecordHeader = 5;
    private const int LengthOffset = 3;
    private const int BitsPerByte = 8;

    private const int MostGathered = 128 * 1024;

    // Much data comes as two full records at a time, for which a write of their own costs less than another copy.
    private const int MostGatheredRecord = 17 * 1024;

    private ReadOnlyMemory<byte> _read = read;
    private int _headerTaken;
    private int _recordLength;
    private int _bodyLeft;
    private bool _ended;
    // A peer may have the reading side answer too (RFC 8446 section 4.6), beside what is written.
    private readonly SemaphoreSlim _writer = new(1, 1);
    private readonly Lock _sync = new();
    private readonly SemaphoreSlim _engine = new(1, 1);

    private byte[]? _gathered;
    private int _gatheredBytes;
    private bool _gathers;
    private bool _isDisposed;

    /// <summary>Whether the handshake is under way, whose computing may not hold up the thread that watches the sockets.</summary>
    public bool ShakesHands { get; set; } = true;

    /// <summary>Whether the peer ended its direction below TLS.</summary>
    public bool HasEnded => _ended;

    /// <summary>Whether another record is there as a whole, so that reading it does not wait.</summary>
    public bool HasRecord =>
        _headerTaken + _bodyLeft == 0 && _read.Length > RecordHeader && _read.Length >= RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(_read.Span[LengthOffset..]);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Takes the TLS engine for oneself. SslStream keeps reading and writing apart, but not ending: an end beside a read breaks its keys. After the
    /// handshake a read gives the engine back for as long as it waits here.
    /// </summary>
    public Task EnterAsync(CancellationToken cancellationToken) => _engine.WaitAsync(cancellationToken);

    /// <summary>Gives the engine back.</summary>
    public void Leave() => _engine.Release();

    /// <summary>What is written from here on waits for <see cref="SendGatheredAsync"/>, up to 128 KiB.</summary>
    public void Gather()
    {
        lock (_sync)
            _gathers = true;
    }

    /// <summary>Sends what was gathered.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendGatheredAsync(CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[]? block;
        int count;
        lock (_sync)
        {
            _gathers = false;
            (block, count) = (_gathered, _gatheredBytes);
            (_gathered, _gatheredBytes) = (null, 0);
        }

        try
        {
            if (block is not null)
                await duplex.WriteAsync(block.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writer.Release();
            if (block is not null)
                ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _read.IsEmpty && !_ended ? WaitAsync(buffer, cancellationToken) : new(Take(buffer.Span));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        TryGather(buffer) ? default : SendAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <summary>Not supported; it is asynchronous only.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Not supported; it is asynchronous only.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        await duplex.DisposeAsync().ConfigureAwait(false);
        if (Interlocked.Exchange(ref _gathered, null) is { } block)
            ArrayPool<byte>.Shared.Return(block);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Aborts the duplex, since there is no way to wait for more; not where it was disposed, since then what was sent last may be under way.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
            duplex.Abort();
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ValueTask<ReadOnlyMemory<byte>> reading = duplex.ReadAsync(cancellationToken);
        bool waits = !reading.IsCompleted;
        bool shakesHands = ShakesHands;
        bool lends = waits && !shakesHands;
        if (lends)
            Leave();
        try
        {
            _read = await reading.ConfigureAwait(false);
        }
        finally
        {
            if (lends)
                await EnterAsync(CancellationToken.None).ConfigureAwait(false);
        }

        _ended = _read.IsEmpty;
        if (waits && shakesHands)
            await PoolTurn.Begin;
        return Take(buffer.Span);
    }

    // Up to the end of a record, so that what is left begins with the next one.
    private int Take(Span<byte> buffer)
    {
        ReadOnlySpan<byte> there = _read.Span;
        int count = 0;
        while (count < buffer.Length && count < there.Length && _bodyLeft == 0)
        {
            byte next = buffer[count] = there[count];
            count++;
            if (_headerTaken++ < LengthOffset)
                continue;
            _recordLength = (_recordLength << BitsPerByte) | next;
            if (_headerTaken == RecordHeader)
                (_bodyLeft, _recordLength, _headerTaken) = (_recordLength, 0, 0);
        }

        int body = Math.Min(Math.Min(buffer.Length, there.Length) - count, _bodyLeft);
        there.Slice(count, body).CopyTo(buffer[count..]);
        _bodyLeft -= body;
        count += body;
        _read = _read[count..];
        return count;
    }

    private bool TryGather(ReadOnlyMemory<byte> record)
    {
        lock (_sync)
        {
            if (!_gathers || record.Length > MostGatheredRecord || _gatheredBytes + record.Length > MostGathered)
                return false;
            _gathered ??= ArrayPool<byte>.Shared.Rent(MostGathered);
            record.Span.CopyTo(_gathered.AsSpan(_gatheredBytes));
            _gatheredBytes += record.Length;
            return true;
        }
    }

    // What was gathered before goes first.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        bool gathers;
        lock (_sync)
            gathers = _gathers;
        if (gathers)
        {
            await SendGatheredAsync(cancellationToken).ConfigureAwait(false);
            Gather();
            if (TryGather(record))
                return;
        }

        await _writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await duplex.WriteAsync(record, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writer.Release();
        }
    }
}

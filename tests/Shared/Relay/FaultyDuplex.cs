using Adit.Relay;

namespace Adit.Tests.Shared.Relay;

/// <summary>A stream over another one which breaks after a number of bytes, or hands its bytes out in small chunks.</summary>
internal sealed class FaultyDuplex(Duplex inner) : Duplex
{
    private ReadOnlyMemory<byte> _rest;
    private long _read;
    private long _written;

    /// <summary>The most bytes of one chunk.</summary>
    public int MaxChunk { get; init; } = int.MaxValue;

    /// <summary>The byte at which reading fails.</summary>
    public long FailReadAt { get; init; } = long.MaxValue;

    /// <summary>The byte at which writing fails.</summary>
    public long FailWriteAt { get; init; } = long.MaxValue;

    public override async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        if (_read >= FailReadAt)
            throw new IOException("reading failed, as the test wants it");
        if (_rest.IsEmpty)
            _rest = await inner.ReadAsync(cancellationToken);
        int count = (int)Math.Min(Math.Min(MaxChunk, FailReadAt - _read), _rest.Length);
        ReadOnlyMemory<byte> chunk = _rest[..count];
        _rest = _rest[count..];
        _read += count;
        return chunk;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        int count = (int)Math.Min(FailWriteAt - _written, data.Length);
        await inner.WriteAsync(data[..count], cancellationToken);
        _written += count;
        if (count < data.Length)
            throw new IOException("writing failed, as the test wants it");
    }

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => inner.CompleteWritingAsync(cancellationToken);

    public override void Abort() => inner.Abort();

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}

namespace Adit.Relay;

/// <summary>A stream of which the first bytes were read already. Owns the stream below, which is called directly from then on.</summary>
/// <param name="prefix">The bytes; valid until the next read of the stream below.</param>
/// <param name="inner">The stream.</param>
internal sealed class PrefixedDuplex(ReadOnlyMemory<byte> prefix, Duplex inner) : Duplex
{
    private ReadOnlyMemory<byte> _prefix = prefix;

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        if (_prefix.IsEmpty)
            return inner.ReadAsync(cancellationToken);
        ReadOnlyMemory<byte> first = _prefix;
        _prefix = default;
        return new(first);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        inner.WriteAsync(data, cancellationToken);

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => inner.CompleteWritingAsync(cancellationToken);

    public override bool TellsClose => inner.TellsClose;

    public override Task WaitForCloseAsync(CancellationToken cancellationToken) => inner.WaitForCloseAsync(cancellationToken);

    public override void StopReading() => inner.StopReading();

    public override void Abort() => inner.Abort();

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}

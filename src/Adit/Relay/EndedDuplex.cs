namespace Adit.Relay;

/// <summary>A stream whose peer has said all that is wanted of it: these bytes, and then the end. It hears what is sent to it. Owns the stream below.</summary>
/// <param name="said">The bytes.</param>
/// <param name="inner">The stream, which is not read any more.</param>
internal sealed class EndedDuplex(ReadOnlyMemory<byte> said, Duplex inner) : Duplex
{
    private ReadOnlyMemory<byte> _said = said;

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> first = _said;
        _said = default;
        return new(first);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => inner.WriteAsync(data, cancellationToken);

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => inner.CompleteWritingAsync(cancellationToken);

    public override void Abort() => inner.Abort();

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}

using System.Runtime.CompilerServices;
using Adit.Relay;

namespace Adit.Gateway.Limits;

/// <summary>A stream whose bytes count, and which gives back its place among the user's channels when it is given back itself.</summary>
internal sealed class MeteredDuplex(Duplex inner, ByteMeter meter, IDisposable place) : Duplex
{
    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        ValueTask<ReadOnlyMemory<byte>> reading = inner.ReadAsync(cancellationToken);
        if (!meter.IsLimited && reading.IsCompletedSuccessfully)
        {
            ReadOnlyMemory<byte> data = reading.Result;
            meter.Count(data.Length);
            return new(data);
        }

        return ReadSlowlyAsync(reading, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        meter.Count(data.Length);
        return meter.IsLimited ? WriteSlowlyAsync(data, cancellationToken) : inner.WriteAsync(data, cancellationToken);
    }

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => inner.CompleteWritingAsync(cancellationToken);

    public override void Abort() => inner.Abort();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        place.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadOnlyMemory<byte>> ReadSlowlyAsync(ValueTask<ReadOnlyMemory<byte>> reading, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> data = await reading.ConfigureAwait(false);
        meter.Count(data.Length);
        if (meter.IsLimited)
            await meter.WaitAsync(data.Length, cancellationToken).ConfigureAwait(false);
        return data;
    }

    private async ValueTask WriteSlowlyAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await meter.WaitAsync(data.Length, cancellationToken).ConfigureAwait(false);
        await inner.WriteAsync(data, cancellationToken).ConfigureAwait(false);
    }
}

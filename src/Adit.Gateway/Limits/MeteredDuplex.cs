using System.Runtime.CompilerServices;
using Adit.Relay;

namespace Adit.Gateway.Limits;

/// <summary>A stream whose bytes count, and which gives back its place among the user's channels when it is given back itself.</summary>
internal sealed class MeteredDuplex(Duplex inner, ByteMeter meter, IDisposable place) : Duplex
{
    // Who waits for the rate waits in here, and not in the inner stream, whose abort would not end it.
    private readonly CancellationTokenSource _aborted = new();
    private ReadOnlyMemory<byte> _held;

    public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        if (!_held.IsEmpty && !_aborted.IsCancellationRequested)
        {
            ReadOnlyMemory<byte> held = _held;
            _held = default;
            return new(held);
        }

        ValueTask<ReadOnlyMemory<byte>> reading = inner.ReadAsync(cancellationToken);
        if (!meter.IsLimited && reading.IsCompletedSuccessfully)
        {
            ReadOnlyMemory<byte> data = reading.Result;
            meter.Count(data.Length);
            return new(data);
        }

        return ReadSlowlyAsync(reading, cancellationToken);
    }

    public override bool TryReadMore(out ReadOnlyMemory<byte> chunk)
    {
        chunk = default;
        if (meter.IsLimited || !inner.TryReadMore(out chunk))
            return false;
        meter.Count(chunk.Length);
        return true;
    }

    public override ValueTask WriteAllAsync(ArraySegment<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken)
    {
        if (meter.IsLimited)
            return base.WriteAllAsync(chunks, cancellationToken);
        foreach (ReadOnlyMemory<byte> chunk in chunks)
            meter.Count(chunk.Length);
        return inner.WriteAllAsync(chunks, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        meter.Count(data.Length);
        return meter.IsLimited ? WriteSlowlyAsync(data, cancellationToken) : inner.WriteAsync(data, cancellationToken);
    }

    public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => inner.CompleteWritingAsync(cancellationToken);

    public override bool TellsClose => inner.TellsClose;

    public override Task WaitForCloseAsync(CancellationToken cancellationToken) => inner.WaitForCloseAsync(cancellationToken);

    public override void StopReading() => inner.StopReading();

    public override void Abort()
    {
        inner.Abort();
        _aborted.Cancel();
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await inner.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            place.Dispose();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadOnlyMemory<byte>> ReadSlowlyAsync(ValueTask<ReadOnlyMemory<byte>> reading, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> data = await reading.ConfigureAwait(false);
        meter.Count(data.Length);
        if (!meter.IsLimited)
            return data;
        _held = data;
        await WaitAsync(data.Length, cancellationToken).ConfigureAwait(false);
        _held = default;
        return data;
    }

    private async ValueTask WriteSlowlyAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await WaitAsync(data.Length, cancellationToken).ConfigureAwait(false);
        await inner.WriteAsync(data, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource? either = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _aborted.Token)
            : null;
        try
        {
            await meter.WaitAsync(bytes, either?.Token ?? _aborted.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (_aborted.IsCancellationRequested)
        {
            throw new IOException("the connection was aborted", e);
        }
    }
}

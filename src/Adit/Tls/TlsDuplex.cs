using System.Buffers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using Adit.Relay;

namespace Adit.Tls;

/// <summary>
/// A TLS connection as a <see cref="Duplex"/>: the records that have arrived together are opened together, those that are written together
/// leave as one. It owns the connection.
/// </summary>
/// <remarks>
/// The end of a direction is TLS's own (close_notify, RFC 8446 section 6.1). A peer that ends the connection below without it may have been cut
/// off, so that is a failure.
/// </remarks>
internal sealed class TlsDuplex : Duplex
{
    private const int MostRecordBytes = 16 * 1024;
    private const int BlockBytes = 4 * MostRecordBytes;
    private const int MostBlockBytes = 16 * MostRecordBytes;

    private readonly SslStream _tls;
    private readonly TlsWire _wire;
    private readonly Duplex _below;
    private byte[]? _block;
    private int _blockBytes = BlockBytes;
    private Task<int>? _started;
    private int _startedAt;
    private bool _isEnded;
    private bool _hasShutDown;
    private bool _heardSince;
    private volatile bool _isStopped;
    private int _aborted;

    /// <summary>Takes a connection over whose handshake is done.</summary>
    /// <param name="tls">The connection, which leaves what it goes through open.</param>
    /// <param name="wire">What its records go through.</param>
    /// <param name="below">What they go over.</param>
    public TlsDuplex(SslStream tls, TlsWire wire, Duplex below)
    {
        _tls = tls;
        _wire = wire;
        _below = below;
        wire.ShakesHands = false;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        if (_isEnded)
            return default;
        try
        {
            if (_started is { } started)
            {
                int late = await started.WaitAsync(cancellationToken).ConfigureAwait(false);
                _started = null;
                return Took(late) ? _block.AsMemory(_startedAt, late) : End();
            }

            ReturnBlock();
            await _wire.EnterAsync(cancellationToken).ConfigureAwait(false);
            bool holds = true;
            try
            {
                // Without a block, until there is something.
                await _tls.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
                byte[] block = _block = ArrayPool<byte>.Shared.Rent(_blockBytes);
                int count = await _tls.ReadAsync(block.AsMemory(0, _blockBytes), cancellationToken).ConfigureAwait(false);
                if (!Took(count))
                    return End();
                while (_wire.HasRecord && _blockBytes - count >= MostRecordBytes)
                {
                    ValueTask<int> reading = _tls.ReadAsync(block.AsMemory(count, _blockBytes - count), CancellationToken.None);
                    if (!reading.IsCompleted)
                    {
                        // The record was none of data, and the next one may be long in coming: what there is goes on meanwhile.
                        holds = false;
                        (_started, _startedAt) = (FinishAsync(reading), count);
                        break;
                    }

                    int more = await reading.ConfigureAwait(false);
                    // The next read finds the end again, and judges it.
                    if (more == 0)
                        break;
                    count += more;
                }

                // As a socket does it: more room once it was all used, and less where little came.
                if (_blockBytes - count < MostRecordBytes)
                    _blockBytes = MostBlockBytes;
                else if (count < MostRecordBytes)
                    _blockBytes = BlockBytes;
                return block.AsMemory(0, count);
            }
            finally
            {
                if (holds)
                    _wire.Leave();
            }
        }
        catch (IOException) when (_isStopped)
        {
            return End();
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (data.IsEmpty)
            return;
        try
        {
            _wire.Gather();
            await _tls.WriteAsync(data, cancellationToken).ConfigureAwait(false);
            await _wire.SendGatheredAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAllAsync(ArraySegment<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken)
    {
        try
        {
            _wire.Gather();
            for (int i = 0; i < chunks.Count; i++)
                await _tls.WriteAsync(chunks[i], cancellationToken).ConfigureAwait(false);
            await _wire.SendGatheredAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteWritingAsync(CancellationToken cancellationToken)
    {
        try
        {
            Task ending;
            await _wire.EnterAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                ending = _tls.ShutdownAsync();
            }
            finally
            {
                _wire.Leave();
            }

            await ending.WaitAsync(cancellationToken).ConfigureAwait(false);
            _hasShutDown = true;
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    /// <inheritdoc/>
    public override bool TellsClose => _below.TellsClose;

    /// <inheritdoc/>
    public override Task WaitForCloseAsync(CancellationToken cancellationToken) => _below.WaitForCloseAsync(cancellationToken);

    /// <inheritdoc/>
    public override void StopReading()
    {
        _isStopped = true;
        _below.StopReading();
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 0)
            _below.Abort();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _tls.DisposeAsync().ConfigureAwait(false);
        await _wire.DisposeAsync().ConfigureAwait(false);
        // It ends with what it reads from, and has the block until then.
        if (_started is { } started)
            await ((Task)started).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ReturnBlock();
    }

    // Whoever goes on in the background has the engine when it is done.
    private async Task<int> FinishAsync(ValueTask<int> reading)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        finally
        {
            _wire.Leave();
        }
    }

    private bool Took(int count)
    {
        _heardSince |= count > 0 && _hasShutDown;
        return count > 0;
    }

    // TLS ends by itself, unless there was no more to say after this end's own end: many let that go unanswered.
    private ReadOnlyMemory<byte> End()
    {
        ReturnBlock();
        if (_isStopped)
            return default;
        if (_wire.HasEnded && (!_hasShutDown || _heardSince))
            throw new IOException("the peer ended the connection without TLS's close_notify, so that what it sent may be cut off");
        _isEnded = true;
        return default;
    }

    private void ReturnBlock()
    {
        if (Interlocked.Exchange(ref _block, null) is { } block)
            ArrayPool<byte>.Shared.Return(block);
    }

    private bool IsBroken(Exception e) =>
        e is AuthenticationException or CryptographicException or ObjectDisposedException or NotSupportedException or InvalidOperationException
        || (Volatile.Read(ref _aborted) != 0 && e is OperationCanceledException);

    private IOException Broken(Exception e) =>
        new(Volatile.Read(ref _aborted) != 0 || e is ObjectDisposedException ? "the connection was aborted" : $"TLS failed: {e.Message}", e);
}

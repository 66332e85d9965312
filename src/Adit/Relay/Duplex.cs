using System.Runtime.CompilerServices;

namespace Adit.Relay;

/// <summary>
/// A two-way byte stream of which each direction can end by itself: a TCP socket, a Unix socket, standard input and output,
/// an SSH channel, a TLS stream.
/// </summary>
/// <remarks>
/// At most one <see cref="ReadAsync"/> and at most one <see cref="WriteAsync"/> or <see cref="CompleteWritingAsync"/> may be under way
/// at a time; the two directions are independent of each other. <see cref="Abort"/> may be called from any thread at any time.
/// The memory of a chunk belongs to the reading end, so that nothing is copied on the way and nothing is held while idle.
/// </remarks>
internal abstract class Duplex : IAsyncDisposable
{
    /// <summary>
    /// Waits for the next bytes from the peer. The chunk is valid until the next call of this method or of <see cref="DisposeAsync"/>.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; no byte is lost, and reading may go on afterwards.</param>
    /// <returns>The next chunk, or an empty one once the peer has ended its direction (again and again if asked).</returns>
    /// <exception cref="IOException">The connection failed or was aborted.</exception>
    public abstract ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes a further chunk that is there already. It is valid as long as the one that was read last, beside that one and others that
    /// were taken so. By default there is none.
    /// </summary>
    /// <returns>False where nothing more is there now.</returns>
    public virtual bool TryReadMore(out ReadOnlyMemory<byte> chunk)
    {
        chunk = default;
        return false;
    }

    /// <summary>
    /// Sends bytes to the peer. Completes when all of them were sent or copied, so that the caller may reuse the memory; it waits
    /// while the peer does not take more, which is the backpressure of a relay.
    /// </summary>
    /// <param name="data">The bytes; an empty span of memory is allowed and sends nothing.</param>
    /// <param name="cancellationToken">Ends the wait; how many bytes went out is then unknown, so only <see cref="Abort"/> may follow.</param>
    /// <exception cref="IOException">The connection failed or was aborted.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>As <see cref="WriteAsync"/> for several chunks in their order, none of them empty.</summary>
    /// <param name="chunks">The chunks.</param>
    /// <param name="cancellationToken">Ends the wait; likewise.</param>
    /// <exception cref="IOException">The connection failed or was aborted.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public virtual async ValueTask WriteAllAsync(ArraySegment<ReadOnlyMemory<byte>> chunks, CancellationToken cancellationToken)
    {
        for (int i = 0; i < chunks.Count; i++)
            await WriteAsync(chunks[i], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the direction to the peer in order (TCP FIN, SSH_MSG_CHANNEL_EOF). Reading goes on.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The connection failed or was aborted.</exception>
    public abstract ValueTask CompleteWritingAsync(CancellationToken cancellationToken);

    /// <summary>Whether <see cref="WaitForCloseAsync"/> tells anything. A TCP socket only learns of it by sending.</summary>
    public virtual bool TellsClose => false;

    /// <summary>
    /// Waits until the peer has closed both directions, so that nothing can be sent to it any more. By default as long as the token lets it.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The connection failed or was aborted.</exception>
    public virtual Task WaitForCloseAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);

    /// <summary>Has the <see cref="ReadAsync"/> that waits, and each later one, find the end. By default as <see cref="Abort"/> does it.</summary>
    public virtual void StopReading() => Abort();

    /// <summary>
    /// Ends both directions at once and out of order (TCP RST, SSH_MSG_CHANNEL_CLOSE). Every call that waits ends promptly with an
    /// <see cref="IOException"/>, and so does every later one. Never throws; a second call does nothing.
    /// </summary>
    public abstract void Abort();

    /// <summary>Ends it at once and gives it back: for whoever holds it and cannot go on.</summary>
    public ValueTask AbandonAsync()
    {
        Abort();
        return DisposeAsync();
    }

    /// <summary>
    /// The same connection for code that speaks streams, such as SSH or TLS. It takes the duplex over: disposing the stream disposes it,
    /// and nothing else of it may be used from then on.
    /// </summary>
    public virtual Stream AsStream() => new DuplexStream(this);

    /// <summary>
    /// Gives back what the stream holds. A direction that was not completed ends as <see cref="Abort"/> or in order, as the kind of
    /// stream has it. No read or write may be under way.
    /// </summary>
    public abstract ValueTask DisposeAsync();
}

namespace Adit.Relay;

/// <summary>A listener of one connection, which is there from the beginning.</summary>
/// <param name="connection">The connection; owned by whoever accepts it.</param>
internal sealed class SingleListener(IncomingConnection connection) : IListener
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _accepted;

    public IReadOnlyList<Endpoint> Endpoints { get; } = [connection.LocalEndpoint];

    public bool IsExposed => false;

    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _accepted, 1) == 0)
            return connection;
        await _closed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_closed.TrySetResult() && Interlocked.Exchange(ref _accepted, 1) == 0)
            await connection.DisposeAsync().ConfigureAwait(false);
    }
}

namespace Adit.Relay;

/// <summary>Standard input and output as a listener: one connection, which is there from the beginning (ssh's -W).</summary>
/// <param name="streams">The connection; owned by whoever accepts it.</param>
internal sealed class StdioListener(Duplex streams) : IListener
{
    // An endpoint that no socket can have, for what names where a connection came in.
    private static readonly Endpoint Stdio = Endpoint.Tcp("stdio", 0);

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _accepted;

    public IReadOnlyList<Endpoint> Endpoints { get; } = [Stdio];

    public bool IsExposed => false;

    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _accepted, 1) == 0)
            return new StdioConnection(streams);
        await _closed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_closed.TrySetResult() && Interlocked.Exchange(ref _accepted, 1) == 0)
            await streams.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class StdioConnection(Duplex streams) : IncomingConnection
    {
        public override ConnectionOrigin Origin => ConnectionOrigin.ThisProcess;

        public override Endpoint LocalEndpoint => Stdio;

        public override Leg Leg { get; } = new("app", "standard input and output", LegProtection.None) { Within = Machine.ThisName };

        public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) => new(streams);

        public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken) => streams.DisposeAsync();

        public override ValueTask DisposeAsync() => streams.DisposeAsync();
    }
}

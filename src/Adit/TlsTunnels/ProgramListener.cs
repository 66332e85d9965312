using Adit.Relay;

namespace Adit.TlsTunnels;

/// <summary>
/// A program whose standard input and output is a connection that comes in (stunnel's <c>exec</c> with <c>connect</c>): one at a time, and where
/// a pause is given the next one that long after the last one has ended.
/// </summary>
/// <param name="program">Starts it.</param>
/// <param name="name">The program, as it is shown.</param>
/// <param name="retry">How long to wait before the program is started again; null to start it once.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgramListener(IDialer program, string name, TimeSpan? retry, TimeProvider time) : IListener
{
    private readonly CancellationTokenSource _closed = new();
    private readonly Endpoint _end = Endpoint.Unix(name);
    private Task _last = Task.CompletedTask;
    private int _started;

    /// <inheritdoc/>
    public IReadOnlyList<Endpoint> Endpoints => [_end];

    /// <inheritdoc/>
    public bool IsExposed => false;

    /// <inheritdoc/>
    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
        try
        {
            if (_started++ > 0)
            {
                await _last.WaitAsync(either.Token).ConfigureAwait(false);
                if (retry is not { } pause)
                    return null;
                await Task.Delay(pause, time, either.Token).ConfigureAwait(false);
            }

            DialedConnection started = await program.DialAsync(_end, ConnectionOrigin.ThisProcess, either.Token).ConfigureAwait(false);
            var connection = new ProgramConnection(new EndingDuplex(started.Duplex), _end);
            _last = connection.Ended;
            return connection;
        }
        catch (OperationCanceledException) when (_closed.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        _closed.Dispose();
    }

    private sealed class ProgramConnection(EndingDuplex duplex, Endpoint end) : IncomingConnection
    {
        public override ConnectionOrigin Origin => ConnectionOrigin.ThisProcess;

        public override Endpoint LocalEndpoint => end;

        public override Leg Leg { get; } = new("program", end.ToString(), LegProtection.None) { Within = Machine.ThisName };

        public Task Ended => duplex.Ended;

        public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) => new(duplex);

        public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken) => duplex.DisposeAsync();

        public override ValueTask DisposeAsync() => duplex.DisposeAsync();
    }

    /// <summary>Tells when it is disposed of.</summary>
    private sealed class EndingDuplex(Duplex inner) : Duplex
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) => inner.ReadAsync(cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => inner.WriteAsync(data, cancellationToken);

        public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => inner.CompleteWritingAsync(cancellationToken);

        public override void Abort() => inner.Abort();

        public override async ValueTask DisposeAsync()
        {
            try
            {
                await inner.DisposeAsync().ConfigureAwait(false);
            }
            finally
            {
                _ended.TrySetResult();
            }
        }
    }
}

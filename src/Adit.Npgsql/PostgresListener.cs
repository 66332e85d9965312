using Adit.Relay;
using Adit.Wording;

namespace Adit.Npgsql;

/// <summary>A listener for clients of PostgreSQL, who are told as by a server why they are refused.</summary>
/// <param name="inner">Owned.</param>
/// <param name="onEncryption">See <see cref="PostgresStartup.RefuseAsync"/>; takes the reason.</param>
internal sealed class PostgresListener(IListener inner, Action<string>? onEncryption) : IListener
{
    public IReadOnlyList<Endpoint> Endpoints => inner.Endpoints;

    public bool IsExposed => inner.IsExposed;

    public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) =>
        await inner.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } incoming ? new Incoming(incoming, onEncryption) : null;

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Incoming(IncomingConnection inner, Action<string>? onEncryption) : IncomingConnection
    {
        // What SQL calls that no connection came about, and that there are too many.
        private const string CannotConnect = "08001";
        private const string TooMany = "53300";

        public override ConnectionOrigin Origin => inner.Origin;

        public override Endpoint LocalEndpoint => inner.LocalEndpoint;

        public override Leg Leg => inner.Leg;

        public override PeerSocket? Peer => inner.Peer;

        public override bool IsConnected => inner.IsConnected;

        public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) => inner.AcceptAsync(cancellationToken);

        public override async ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
        {
            // Strangers learn nothing.
            if (refusal.Kind is not (RefusalKind.DialFailed or RefusalKind.TooManyConnections))
            {
                await inner.RefuseAsync(refusal, cancellationToken).ConfigureAwait(false);
                return;
            }

            try
            {
                Duplex client = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
                await using (client.ConfigureAwait(false))
                {
                    string reason = Printable.Text(refusal.Reason);
                    string state = refusal.Kind is RefusalKind.TooManyConnections ? TooMany : CannotConnect;
                    Action? tell = onEncryption is null ? null : () => onEncryption(reason);
                    await PostgresStartup.RefuseAsync(client, state, reason, tell, cancellationToken).ConfigureAwait(false);
                    await client.CompleteWritingAsync(cancellationToken).ConfigureAwait(false);
                    // Closed with something unread, the socket would drop the answer.
                    while (!(await client.ReadAsync(cancellationToken).ConfigureAwait(false)).IsEmpty)
                    {
                    }
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The client is gone, or says nothing.
            }
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

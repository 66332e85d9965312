using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tests.Shared.Relay;
using Adit.Tls;

namespace Adit.Tests.Tls;

/// <summary>A TLS listener and TLS dialers in memory, with an authority of their own.</summary>
public abstract class TlsTunnelTest : IDisposable
{
    private protected static readonly Endpoint Db = Endpoint.Parse("db:5432");

    private protected TestAuthority Authority { get; } = new();

    private protected FakeListener Listener { get; } = new();

    private protected FakeDialer Targets { get; } = new();

    private protected RecordedEvents Events { get; } = new();

    private protected Forward Serve(TlsServerSettings settings, Endpoint? target = null) => Forward.Start(
        new TlsListener(Listener, () => settings), target ?? Db, Targets, new ForwardOptions { Admission = Admission.AnyPeer, Events = Events });

    /// <summary>What the last dialled connection goes over.</summary>
    private protected MemoryDuplex? Below { get; private set; }

    private protected Task<DialedConnection> DialAsync(TlsClientSettings settings, string host = "db", int chunk = int.MaxValue) =>
        new TlsDialer(new ToListener(this, chunk), settings).DialAsync(Endpoint.Tcp(host, 5432), ConnectionOrigin.ThisProcess, default).AsTask().TestTime();

    private protected async Task<ConnectionRefused> RefusedAsync()
    {
        await Events.NextAsync<ListenerOpened>();
        return await Events.NextAsync<ConnectionRefused>();
    }

    public void Dispose()
    {
        Authority.Dispose();
        GC.SuppressFinalize(this);
    }

    private sealed class ToListener(TlsTunnelTest test, int chunk) : IDialer
    {
        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            // Several may dial at a time.
            MemoryDuplex client = test.Listener.Connect(chunk: chunk).Client;
            test.Below = client;
            Duplex below = chunk == int.MaxValue ? client : new FaultyDuplex(client) { MaxChunk = chunk };
            return new(new DialedConnection(below, new Route(new Leg("this machine", target.ToString(), LegProtection.None))));
        }
    }
}

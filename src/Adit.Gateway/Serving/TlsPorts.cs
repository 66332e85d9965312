using System.Collections.Concurrent;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Relay;

namespace Adit.Gateway.Serving;

/// <summary>The TLS ports of a gateway (AditTlsListen), one forward each, and their clients. Members may be used from any thread.</summary>
/// <param name="gateway">The gateway.</param>
internal sealed class TlsPorts(GatewayServer gateway) : IAsyncDisposable
{
    // LoginGraceTime decides, as it is when a client comes; this one is fixed when the port opens.
    private static readonly TimeSpan Ever = TimeSpan.FromDays(24);

    private readonly ConcurrentDictionary<long, TlsClient> _clients = new();
    private readonly List<(TlsListen Port, LocalListener Listener)> _bound = [];
    private readonly List<Forward> _forwards = [];

    /// <summary>Where it listens, with the ports that were really bound.</summary>
    public IEnumerable<Endpoint> Endpoints => _bound.SelectMany(static one => one.Listener.Endpoints);

    /// <summary>How many clients there are.</summary>
    public int Count => _clients.Count;

    /// <summary>Completes when nothing of the clients of this moment is left.</summary>
    public Task Gone => Task.WhenAll(_clients.Values.Select(static client => client.Gone));

    /// <summary>Binds what the configuration says.</summary>
    /// <exception cref="ListenException">It cannot listen where it should.</exception>
    public async Task BindAsync(LocalListenerOptions? binding, CancellationToken cancellationToken)
    {
        foreach (TlsListen port in gateway.Configuration.Tls?.Ports ?? [])
        {
            ListenSpec spec = port.Spec(gateway.Configuration.Global.AddressFamily);
            _bound.Add((port, await LocalListener.BindAsync(spec, binding, cancellationToken).ConfigureAwait(false)));
        }
    }

    /// <summary>Takes clients in.</summary>
    public void Serve()
    {
        var options = new ForwardOptions
        {
            Admission = new ClientAdmission(),
            AdmissionTimeout = Ever,
            Events = new ClientEvents(gateway),
            TimeProvider = gateway.Time,
        };
        foreach ((TlsListen port, LocalListener listener) in _bound)
            _forwards.Add(Forward.Start(new ClientListener(this, port, listener), null, new ClientDialer(), options));
    }

    /// <summary>Ends what has lasted, or carried, as long or as much as it may. Gives how many clients there are.</summary>
    public int Check(DateTimeOffset now)
    {
        int count = 0;
        foreach (TlsClient client in _clients.Values)
        {
            client.Check(now);
            count++;
        }

        return count;
    }

    /// <summary>A new configuration is in force.</summary>
    public void OnReloaded()
    {
        foreach (TlsListen port in (gateway.Configuration.Tls?.Ports ?? []).Where(port => !_bound.Any(one => (one.Port.Host, one.Port.Port) == (port.Host, port.Port))))
            gateway.Report(new() { Time = gateway.Now(), Event = GatewayEventKind.Note, Detail = $"AditTlsListen {port} is new; it is listened there after a restart" });
        foreach (TlsClient client in _clients.Values)
            client.OnReloaded();
    }

    /// <summary>Takes no more clients; those that are there go on.</summary>
    public async Task StopAcceptingAsync()
    {
        foreach (Forward forward in _forwards)
            await forward.StopAcceptingAsync().ConfigureAwait(false);
    }

    /// <summary>Ends everything, and returns when all of it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (Forward forward in _forwards)
            await forward.DisposeAsync().ConfigureAwait(false);
        foreach ((_, LocalListener listener) in _bound)
            await listener.DisposeAsync().ConfigureAwait(false);
    }

    private TlsClient Take(TlsListen port, IncomingConnection incoming)
    {
        var client = new TlsClient(gateway, GatewayServer.NextId(), port, incoming);
        _clients[client.Id] = client;
        _ = client.Gone.ContinueWith(
            (_, _) => _clients.TryRemove(client.Id, out TlsClient? _), null, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return client;
    }

    private static TlsClient ClientOf(IncomingConnection? connection) =>
        connection as TlsClient ?? throw new InvalidOperationException("a TLS port serves its own clients only");

    private sealed class ClientListener(TlsPorts ports, TlsListen port, LocalListener inner) : IListener
    {
        public IReadOnlyList<Endpoint> Endpoints => inner.Endpoints;

        public bool IsExposed => inner.IsExposed;

        public async ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) =>
            await inner.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } incoming ? ports.Take(port, incoming) : null;

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    // Asked twice: when a client comes, and when its certificate has said who it is.
    private sealed class ClientAdmission : Admission
    {
        public override ValueTask<AdmissionVerdict> AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) =>
            request.Target is null ? new(ClientOf(request.Connection).Come()) : ClientOf(request.Connection).EnterAsync(request, cancellationToken);
    }

    private sealed class ClientDialer : IDialer
    {
        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
            ClientOf(origin.Connection).Dialer.DialAsync(target, origin, cancellationToken);
    }

    private sealed class ClientEvents(GatewayServer gateway) : ITunnelEvents
    {
        public void Report(TunnelEvent tunnelEvent)
        {
            if (tunnelEvent is ConnectionEvent happened)
                ClientOf(happened.Origin.Connection).OnEvent(happened);
            else if (tunnelEvent is AcceptFailed failed)
                gateway.Report(new() { Time = failed.Time, Event = GatewayEventKind.Note, Detail = $"{failed.Reason}; trying again in {failed.Pause.TotalMilliseconds:0} ms" });
        }
    }
}

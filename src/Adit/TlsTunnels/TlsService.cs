using Adit.Postgres;
using Adit.Proxies;
using Adit.Relay;
using Adit.Socks;
using Adit.Stunnel;
using Adit.Tls;

namespace Adit.TlsTunnels;

/// <summary>
/// One service of a stunnel file at work: listens, speaks TLS on one side, and relays. What it goes by can be replaced while it runs: those
/// who are connected go on with what they began with.
/// </summary>
internal sealed class TlsService : IAsyncDisposable
{
    // As with stunnel's TIMEOUTbusy there is no other limit to how long a client may take for its handshake.
    private static readonly TimeSpan ShortestClose = TimeSpan.FromMilliseconds(1);

    private readonly CurrentTerms _terms;
    private readonly List<Forward> _forwards = [];

    private TlsService(ServiceTerms terms)
    {
        _terms = new(terms);
    }

    /// <summary>What it goes by.</summary>
    public ServiceTerms Terms => _terms.Now;

    /// <summary>The ends that it listens on.</summary>
    public IEnumerable<Endpoint> Endpoints => _forwards.SelectMany(static forward => forward.Endpoints);

    /// <summary>Its connections of this moment.</summary>
    public IEnumerable<ForwardedConnection> Connections => _forwards.SelectMany(static forward => forward.Connections);

    /// <summary>Completes when none of its listeners is left.</summary>
    public Task ListenersEnded => Task.WhenAll(_forwards.Select(static forward => forward.ListenerEnded));

    /// <summary>Starts to listen where the service says.</summary>
    /// <param name="terms">What it goes by.</param>
    /// <param name="inherited">Sockets that listen already; null for none.</param>
    /// <param name="events">Takes what happens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ListenException">An end cannot be listened on. Nothing stays.</exception>
    public static async Task<TlsService> StartAsync(ServiceTerms terms, InheritedSockets? inherited, ITunnelEvents events, CancellationToken cancellationToken)
    {
        var service = new TlsService(terms);
        try
        {
            foreach (ListenSpec spec in terms.Service.Accept)
                service.Add(await LocalListener.BindAsync(spec, new() { Inherited = inherited }, cancellationToken).ConfigureAwait(false), events);
            return service;
        }
        catch
        {
            await service.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Serves one connection that is there already, as inetd and programs have it.</summary>
    /// <param name="terms">What it goes by.</param>
    /// <param name="listener">Yields the connection; owned.</param>
    /// <param name="events">Takes what happens.</param>
    public static TlsService Start(ServiceTerms terms, IListener listener, ITunnelEvents events)
    {
        var service = new TlsService(terms);
        service.Add(listener, events);
        return service;
    }

    /// <summary>Has connections from now on go by other terms, which listen at the same ends.</summary>
    public void Replace(ServiceTerms terms) => _terms.Now = terms;

    /// <summary>Stops to listen; waits until those who are connected have ended, or for so long, and ends the rest.</summary>
    public Task StopAsync(TimeSpan drain, CancellationToken cancellationToken) =>
        Task.WhenAll(_forwards.Select(forward => forward.StopAsync(drain, cancellationToken)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Forward forward in _forwards)
            await forward.DisposeAsync().ConfigureAwait(false);
    }

    private void Add(IListener ends, ITunnelEvents events)
    {
        StunnelService service = Terms.Service;
        IListener listener = service.IsClient ? _terms.Now.Front is null ? ends : new TlsListener(ends, () => Terms.Front!) : new TlsListener(ends, () => Terms.Server!);
        if (service.Protocol is StunnelProtocol.Socks && !service.IsClient)
            listener = new SocksListener(listener);
        _forwards.Add(Forward.Start(listener, service.IsClient ? ServiceSettings.Target(service) : null, _terms, new ForwardOptions
        {
            Admission = Terms.Admission,
            MaxConnections = service.MaxConnections ?? ForwardOptions.Default.MaxConnections,
            AdmissionTimeout = service.TimeoutBusy,
            DialTimeout = (service.TimeoutConnect * Math.Max(service.Connect.Length, 1)) + service.TimeoutBusy,
            Relay = new()
            {
                IdleTimeout = service.TimeoutIdle,
                CloseTimeout = service.TimeoutClose > TimeSpan.Zero ? service.TimeoutClose : ShortestClose,
            },
            Events = events,
        }));
    }

    private sealed class CurrentTerms(ServiceTerms terms) : IDialer
    {
        private ServiceTerms _now = terms;

        public ServiceTerms Now
        {
            get => Volatile.Read(ref _now);
            set => Volatile.Write(ref _now, value);
        }

        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken) =>
            Now.Dialer.DialAsync(target, origin, cancellationToken);
    }
}

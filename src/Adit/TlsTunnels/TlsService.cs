using Adit.Relay;
using Adit.Socks;
using Adit.Stunnel;
using Adit.Tls;

namespace Adit.TlsTunnels;

/// <summary>One service of a stunnel file at work: speaks TLS on one side of the connections that come in, and relays. What it goes by never changes.</summary>
internal sealed class TlsService : IAsyncDisposable
{
    private static readonly TimeSpan LongestBeginning = TimeSpan.FromSeconds(30);

    private readonly List<Forward> _forwards = [];

    private TlsService(ServiceTerms terms)
    {
        Terms = terms;
    }

    /// <summary>What it goes by.</summary>
    public ServiceTerms Terms { get; }

    /// <summary>The ends that its connections come in at.</summary>
    public IEnumerable<Endpoint> Endpoints => _forwards.SelectMany(static forward => forward.Endpoints);

    /// <summary>Its connections of this moment.</summary>
    public IEnumerable<ForwardedConnection> Connections => _forwards.SelectMany(static forward => forward.Connections);

    /// <summary>Completes when none of its listeners is left.</summary>
    public Task ListenersEnded => Task.WhenAll(_forwards.Select(static forward => forward.ListenerEnded));

    /// <summary>Takes the connections that come in.</summary>
    /// <param name="terms">What it goes by.</param>
    /// <param name="listeners">Where they come from; owned.</param>
    /// <param name="events">Takes what happens.</param>
    public static TlsService Start(ServiceTerms terms, IEnumerable<IListener> listeners, ITunnelEvents events)
    {
        var service = new TlsService(terms);
        foreach (IListener listener in listeners)
            service.Add(listener, events);
        return service;
    }

    /// <summary>Takes no more connections at once. Those that there are go on.</summary>
    public Task StopAcceptingAsync() => Task.WhenAll(_forwards.Select(static forward => forward.StopAcceptingAsync()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Forward forward in _forwards)
            await forward.DisposeAsync().ConfigureAwait(false);
    }

    private void Add(IListener ends, ITunnelEvents events)
    {
        StunnelService service = Terms.Service;
        IListener listener = (Terms.Server ?? Terms.Front) is { } begin ? new TlsListener(ends, () => begin) : ends;
        if (service.Protocol is StunnelProtocol.Socks && !service.IsClient)
            listener = new SocksListener(listener);
        _forwards.Add(Forward.Start(listener, service.IsClient ? ServiceSettings.Target(service) : null, Terms.Dialer, new ForwardOptions
        {
            Admission = Terms.Admission,
            MaxConnections = Math.Min(service.MaxConnections ?? ForwardOptions.ConnectionCap, ForwardOptions.ConnectionCap),
            // stunnel's five minutes would let silent strangers hold all places.
            AdmissionTimeout = service.TimeoutBusy < LongestBeginning ? service.TimeoutBusy : LongestBeginning,
            DialTimeout = (service.TimeoutConnect * Math.Max(service.Connect.Length, 1)) + service.TimeoutBusy,
            Relay = ServiceSettings.Limits(service),
            Events = events,
        }));
    }
}

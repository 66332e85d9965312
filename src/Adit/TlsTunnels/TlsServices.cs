using System.Net.Sockets;
using Adit.Relay;
using Adit.Stunnel;
using Adit.Wording;

namespace Adit.TlsTunnels;

/// <summary>
/// All services of a stunnel file at work. They can be replaced by those of another one while they run: who is connected goes on with what
/// it began with, and no end is given up on which the new ones listen too. One call at a time.
/// </summary>
internal sealed class TlsServices : IAsyncDisposable
{
    private readonly Func<StunnelService, ITunnelEvents> _events;
    private volatile TlsService[] _leaving = [];
    private Dictionary<ListenSpec, LocalListener> _listeners = [];
    private List<ServiceTerms> _terms = [];
    private volatile TlsService[] _services = [];

    private TlsServices(Func<StunnelService, ITunnelEvents> events) => _events = events;

    /// <summary>The services that take connections.</summary>
    public IReadOnlyList<TlsService> Services => _services;

    /// <summary>The connections of this moment with their services, those included whose service was replaced since. For any thread.</summary>
    public IEnumerable<(StunnelService Service, ForwardedConnection Connection)> Connections =>
        _leaving.Concat(_services).SelectMany(static service => service.Connections.Select(connection => (service.Terms.Service, connection)));

    /// <summary>Starts to serve.</summary>
    /// <param name="configuration">The services, at least one of which is not inetd's.</param>
    /// <param name="inherited">Sockets that listen already; null for none.</param>
    /// <param name="events">Gives what takes the events of a service.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">A file cannot be used, or an end cannot be listened on. Nothing stays.</exception>
    /// <exception cref="StunnelException">What an option says cannot be had.</exception>
    public static async Task<TlsServices> StartAsync(
        StunnelConfiguration configuration, InheritedSockets? inherited, Func<StunnelService, ITunnelEvents> events, CancellationToken cancellationToken)
    {
        var services = new TlsServices(events);
        List<ServiceTerms> terms = await LoadAsync(configuration).ConfigureAwait(false);
        try
        {
            services._listeners = await services.BindAsync(terms, inherited, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await services.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        services.Serve(terms);
        return services;
    }

    /// <summary>Reads all files that the services name.</summary>
    /// <exception cref="IOException">A file cannot be used; the message names the service.</exception>
    /// <exception cref="StunnelException">What an option says cannot be had.</exception>
    public static async Task<List<ServiceTerms>> LoadAsync(StunnelConfiguration configuration)
    {
        List<ServiceTerms> terms = [];
        foreach (StunnelService service in configuration.Services)
        {
            try
            {
                terms.Add(await ServiceTerms.LoadAsync(service, configuration.Services, configuration.Global).ConfigureAwait(false));
            }
            catch (Exception e) when (e is IOException or SocketException or FormatException or ArgumentException)
            {
                string who = service.IsInetd || e.Message.StartsWith('[') ? string.Empty : $"[{service.Name}]: ";
                throw new IOException(Printable.Text($"{who}{(e is SocketException ? $"local = {service.Local}: " : string.Empty)}{e.Message}"), e);
            }
        }

        return terms;
    }

    /// <summary>
    /// Serves by another configuration from now on. All of it is read, and all its new ends are bound, before anything changes.
    /// </summary>
    /// <returns>Why it cannot be, in words, and then nothing has changed; null where it holds now.</returns>
    public async Task<string?> ReloadAsync(StunnelConfiguration configuration, CancellationToken cancellationToken)
    {
        TlsService[] ended = Array.FindAll(_leaving, static service => !service.Connections.Any());
        _leaving = [.. _leaving.Except(ended)];
        foreach (TlsService service in ended)
            await service.DisposeAsync().ConfigureAwait(false);
        if (configuration.IsInetd)
            return "it has no service any more that listens";
        Dictionary<ListenSpec, LocalListener>? next = null;
        try
        {
            List<ServiceTerms> terms = await LoadAsync(configuration).ConfigureAwait(false);
            HashSet<ListenSpec> wanted = [.. Ends(terms)];
            KeyValuePair<ListenSpec, LocalListener>[] unwanted = [.. _listeners.Where(one => !wanted.Contains(one.Key))];
            try
            {
                next = await BindAsync(terms, null, cancellationToken).ConfigureAwait(false);
            }
            catch (ListenException e) when (e.Failure is ListenFailure.InUse && unwanted.Length > 0 && (e.Holder is null || e.Holder.Pid == Environment.ProcessId))
            {
                // It may be held by one that is to be given up, as where "*:5432" becomes "127.0.0.1:5432".
                await PauseAsync().ConfigureAwait(false);
                return await MoveAsync(terms, unwanted, cancellationToken).ConfigureAwait(false);
            }

            await PauseAsync().ConfigureAwait(false);
            _listeners = next;
            Serve(terms);
            foreach ((_, LocalListener listener) in unwanted)
                await listener.DisposeAsync().ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is IOException or StunnelException)
        {
            return e.Message;
        }
    }

    /// <summary>Ends everything.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (TlsService service in _leaving.Concat(_services))
            await service.DisposeAsync().ConfigureAwait(false);
        foreach (LocalListener listener in _listeners.Values)
            await listener.DisposeAsync().ConfigureAwait(false);
        _leaving = [];
        _services = [];
        _listeners = [];
    }

    private static IEnumerable<ListenSpec> Ends(IEnumerable<ServiceTerms> terms) => terms.SelectMany(static one => one.Service.Accept);

    // Gives the unwanted up first; where that was not what stood in the way, all is as it was.
    private async Task<string?> MoveAsync(List<ServiceTerms> terms, KeyValuePair<ListenSpec, LocalListener>[] unwanted, CancellationToken cancellationToken)
    {
        foreach ((ListenSpec end, LocalListener listener) in unwanted)
        {
            _listeners.Remove(end);
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        string? reason = null;
        try
        {
            _listeners = await BindAsync(terms, null, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            reason = e.Message;
            terms = _terms;
            foreach ((ListenSpec end, _) in unwanted)
                reason += await BindAgainAsync(end).ConfigureAwait(false);
        }

        Serve(terms);
        return reason;
    }

    private async Task<string> BindAgainAsync(ListenSpec end)
    {
        try
        {
            _listeners[end] = await LocalListener.BindAsync(end).ConfigureAwait(false);
            return string.Empty;
        }
        catch (IOException e)
        {
            // Somebody took it in between.
            return $"; and what was listened on before is lost: {e.Message}";
        }
    }

    // Those that listen already stay, and so do they if one cannot be bound.
    private async Task<Dictionary<ListenSpec, LocalListener>> BindAsync(
        IReadOnlyList<ServiceTerms> terms, InheritedSockets? inherited, CancellationToken cancellationToken)
    {
        Dictionary<ListenSpec, LocalListener> all = [];
        try
        {
            foreach (ServiceTerms one in terms)
            {
                foreach (ListenSpec end in one.Service.Accept)
                {
                    if (all.ContainsKey(end))
                        throw new ListenException(end.ToString(), ListenFailure.Other, $"two services would; one is [{one.Service.Name}]");
                    all[end] = _listeners.GetValueOrDefault(end)
                        ?? await LocalListener.BindAsync(end, new() { Inherited = inherited }, cancellationToken).ConfigureAwait(false);
                }
            }

            return all;
        }
        catch
        {
            foreach (LocalListener listener in all.Values.Where(listener => !_listeners.ContainsValue(listener)))
                await listener.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Serve(List<ServiceTerms> terms)
    {
        _terms = terms;
        _services =
        [
            .. terms.Where(static one => one.Service.VirtualHosts.IsEmpty).Select(one => TlsService.Start(one, Listeners(one), _events(one.Service))),
        ];
    }

    private IEnumerable<IListener> Listeners(ServiceTerms terms)
    {
        StunnelService service = terms.Service;
        foreach (ListenSpec end in service.Accept)
        {
            if (_listeners.GetValueOrDefault(end) is { } listener)
                yield return new LentListener(listener, service.Reset);
        }

        if (terms.Program is { } program)
            yield return new ProgramListener(program, service.Exec!, service.Retry, TimeProvider.System);
    }

    private async Task PauseAsync()
    {
        foreach (TlsService service in _services)
            await service.StopAcceptingAsync().ConfigureAwait(false);
        _leaving = [.. _leaving, .. _services];
    }
}

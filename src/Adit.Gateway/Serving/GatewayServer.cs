using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Gateway.Policy;
using Adit.OpenSsh;
using Adit.Platform;
using Adit.Relay;

namespace Adit.Gateway.Serving;

/// <summary>
/// A tunnel-only SSH server at work: listens, takes clients in, and owns all of their connections. Members may be used from any thread.
/// </summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private const int NamesAtATime = 64;
    private const int NamesOfOneUser = 16;
    private const int NamesOfOneConnection = 8;

    private static long _lastId;

    private readonly Func<GatewayConfiguration> _load;
    private readonly IGatewayEvents _events;
    private readonly List<LocalListener> _listeners = [];
    private readonly ConcurrentDictionary<long, GatewayConnection> _connections = new();
    private readonly CancellationTokenSource _stopAccepting = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _reloading = new();
    private GatewayConfiguration _configuration;
    private readonly TlsPorts _tls;
    private Task _loops = Task.CompletedTask;
    private int _disposed;

    private GatewayServer(Func<GatewayConfiguration> load, GatewayConfiguration first, IGatewayEvents events, TimeProvider time, NameQuery names)
    {
        _load = load;
        _configuration = first;
        _events = events;
        Time = time;
        Tallies = new(time);
        Penalties = new(time);
        Names = new(NamesAtATime, names);
        _tls = new(this);
    }

    /// <summary>The configuration in force.</summary>
    public GatewayConfiguration Configuration => Volatile.Read(ref _configuration);

    /// <summary>Where it listens, with the ports that were really bound.</summary>
    public IReadOnlyList<Endpoint> Endpoints => [.. _listeners.SelectMany(static listener => listener.Endpoints), .. _tls.Endpoints];

    /// <summary>The clients of this moment.</summary>
    public IReadOnlyCollection<GatewayConnection> Connections => [.. _connections.Values];

    /// <summary>Connections that are not authenticated yet.</summary>
    public StartupLimits Startups { get; } = new(RandomNumberGenerator.GetInt32);

    internal UserTallies Tallies { get; }

    internal PenaltyBook Penalties { get; }

    internal TimeProvider Time { get; }

    internal NameLookup Names { get; }

    internal LookupShares NameShares { get; } = new(NamesOfOneUser);

    /// <summary>Reads the configuration and starts to listen.</summary>
    /// <param name="load">Reads the configuration; called again for each reload.</param>
    /// <param name="events">Takes what happens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="listen">Where to listen; null for where the configuration says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="binding">How it listens; the defaults if null.</param>
    /// <exception cref="ConfigException">The configuration cannot be understood.</exception>
    /// <exception cref="ListenException">It cannot listen where it should; nothing stays bound.</exception>
    public static async Task<GatewayServer> StartAsync(
        Func<GatewayConfiguration> load, IGatewayEvents events, TimeProvider time, IReadOnlyList<ListenSpec>? listen, CancellationToken cancellationToken,
        LocalListenerOptions? binding = null)
    {
        GatewayServer gateway = Create(load, events, time);
        try
        {
            foreach (ListenSpec spec in listen ?? Configured(gateway.Configuration.Global))
                gateway._listeners.Add(await LocalListener.BindAsync(spec, binding, cancellationToken).ConfigureAwait(false));
            await gateway._tls.BindAsync(binding, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await gateway.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        foreach (Endpoint end in gateway.Endpoints)
        {
            gateway.Report(new() { Time = gateway.Now(), Event = GatewayEventKind.Listening, Bound = $"{end.Host} port {end.Port}" });
        }

        gateway._tls.Serve();
        gateway._loops = Task.WhenAll([.. gateway._listeners.Select(gateway.AcceptAsync), gateway.HousekeepAsync(gateway._ending.Token)]);
        return gateway;
    }

    /// <summary>A gateway that does not listen, for connections that somebody else accepted.</summary>
    /// <param name="load">Reads the configuration; called again for each reload.</param>
    /// <param name="events">Takes what happens.</param>
    /// <param name="time">The clock.</param>
    /// <param name="names">Looks names up; null for the system.</param>
    public static GatewayServer Create(Func<GatewayConfiguration> load, IGatewayEvents events, TimeProvider time, NameQuery? names = null) =>
        new(load, load(), events, time, names ?? NameLookup.AskSystem);

    /// <summary>Serves one connection until it is over. False when nobody got in.</summary>
    public async Task<bool> ServeAsync(Duplex stream, ConnectionOrigin origin, Endpoint local)
    {
        long id = NextId();
        var connection = new GatewayConnection(this, id, stream, origin, local);
        _connections[id] = connection;
        using var served = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        Task housekeeping = _listeners.Count == 0 ? HousekeepAsync(served.Token) : Task.CompletedTask;
        bool cameIn;
        try
        {
            cameIn = await connection.RunAsync(_ending.Token).ConfigureAwait(false);
        }
        finally
        {
            _connections.TryRemove(id, out _);
            await served.CancelAsync().ConfigureAwait(false);
            await housekeeping.ConfigureAwait(false);
        }

        return cameIn;
    }

    /// <summary>
    /// Reads the configuration again. Its rules hold at once, for the channels of live connections too; where it listens does not change.
    /// A configuration that cannot be understood changes nothing.
    /// </summary>
    public bool Reload()
    {
        lock (_reloading)
        {
            GatewayConfiguration next;
            try
            {
                next = _load();
            }
            catch (Exception e) when (e is ConfigException or IOException or UnauthorizedAccessException)
            {
                Report(new() { Time = Now(), Event = GatewayEventKind.ReloadFailed, Detail = e.Message });
                return false;
            }

            Volatile.Write(ref _configuration, next);
        }

        Report(new() { Time = Now(), Event = GatewayEventKind.Reloaded, Detail = $"{_connections.Count + _tls.Count} connections go on under the new rules" });
        foreach (GatewayConnection connection in _connections.Values)
            connection.OnReloaded();
        _tls.OnReloaded();
        return true;
    }

    /// <summary>Takes no more clients, and waits until those that are there are gone.</summary>
    /// <param name="limit">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task DrainAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await _stopAccepting.CancelAsync().ConfigureAwait(false);
        foreach (LocalListener listener in _listeners)
            await listener.DisposeAsync().ConfigureAwait(false);
        await _tls.StopAcceptingAsync().ConfigureAwait(false);
        foreach (GatewayConnection connection in _connections.Values)
            connection.Drain();
        Report(new() { Time = Now(), Event = GatewayEventKind.Draining, Detail = $"{_connections.Count + _tls.Count} connections have {limit.TotalSeconds:0} s" });
        Task gone = Task.WhenAll([.. _connections.Values.Select(static connection => connection.Gone), _tls.Gone]);
        await gone.WaitAsync(limit, Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Ends everything, and returns when all of it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stopAccepting.CancelAsync().ConfigureAwait(false);
        await _ending.CancelAsync().ConfigureAwait(false);
        foreach (LocalListener listener in _listeners)
            await listener.DisposeAsync().ConfigureAwait(false);
        await _tls.DisposeAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(false);
        await Task.WhenAll(_connections.Values.Select(static connection => connection.Gone)).ConfigureAwait(false);
        Report(new() { Time = Now(), Event = GatewayEventKind.Stopped, Detail = "all connections are closed" });
        _stopAccepting.Dispose();
        _ending.Dispose();
    }

    internal static long NextId() => Interlocked.Increment(ref _lastId);

    internal DateTimeOffset Now() => Time.GetUtcNow();

    /// <summary>
    /// Looks names up for one connection: its own places, then those of the user and of each key, then those of all. The keys in one order for
    /// everybody: two who share them would else wait for each other.
    /// </summary>
    internal NameLookup NamesOf(string user, IEnumerable<string> keys)
    {
        NameQuery next = Names.BeginAsync;
        foreach (string key in keys.Order(StringComparer.Ordinal))
            next = NameShares.Of("key " + key, next);
        return new(NamesOfOneConnection, NameShares.Of("user " + user, next));
    }

    internal void Report(GatewayEvent happened) => _events.Report(happened);

    private static IReadOnlyList<ListenSpec> Configured(GatewaySettings settings) =>
    [
        .. settings.ListenAddresses.Select(address => ListenSpec.Tcp(address.Port, (address.Host, settings.AddressFamily) switch
        {
            ("*", AddressFamily.InterNetwork) => "0.0.0.0",
            ("*", AddressFamily.InterNetworkV6) => "::",
            var (host, _) => host,
        })),
    ];

    private async Task AcceptAsync(LocalListener listener)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        TimeSpan pause = FirstPause;
        while (!_stopAccepting.IsCancellationRequested)
        {
            try
            {
                if (await listener.AcceptAsync(_stopAccepting.Token).ConfigureAwait(false) is not { } incoming)
                    break;
                pause = FirstPause;
                await BeginAsync(incoming).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopAccepting.IsCancellationRequested)
            {
                break;
            }
            catch (IOException e)
            {
                Report(new() { Time = Now(), Event = GatewayEventKind.Note, Detail = $"{e.Message}; trying again in {pause.TotalMilliseconds:0} ms" });
                await Task.Delay(pause, Time, _stopAccepting.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private async ValueTask BeginAsync(IncomingConnection incoming)
    {
        GatewaySettings settings = Configuration.Global;
        var address = IPAddress.Parse(incoming.Origin.Address);
        Duplex stream = await incoming.AcceptAsync(_ending.Token).ConfigureAwait(false);
        string? refusal = Penalties.Refusal(address, settings) ?? Startups.TryEnter(address, settings);
        long id = NextId();
        if (refusal is not null)
        {
            Report(new() { Time = Now(), Event = GatewayEventKind.ConnectionRefused, Connection = id, Source = incoming.Origin.ToString(), Detail = refusal });
            await RefuseAsync(stream).ConfigureAwait(false);
            return;
        }

        var connection = new GatewayConnection(this, id, stream, incoming.Origin, incoming.LocalEndpoint)
        {
            LeaveStartups = () => Startups.Leave(address, settings),
        };
        _connections[id] = connection;
        connection.Start(() => _connections.TryRemove(id, out _), _ending.Token);
    }

    // What sshd says at this point; a line is all that a client without keys can be told.
    private static async ValueTask RefuseAsync(Duplex stream)
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await stream.WriteAsync(Encoding.ASCII.GetBytes("Not allowed at this time\r\n"), soon.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It is gone, or does not read: it is being sent away.
        }

        await stream.DisposeAsync().ConfigureAwait(false);
    }

    // One timer for all that is limited in time, instead of some for each connection.
    private async Task HousekeepAsync(CancellationToken ending)
    {
        using var timer = new PeriodicTimer(Round, Time);
        var memory = CrowdMemory.OfThisProcess();
        try
        {
            while (await timer.WaitForNextTickAsync(ending).ConfigureAwait(false))
            {
                DateTimeOffset now = Now();
                int crowd = 0;
                foreach (GatewayConnection connection in _connections.Values)
                {
                    connection.Check(now);
                    crowd += 1 + connection.Channels;
                }

                memory.Check(crowd + _tls.Check(now), now);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The end.
        }
    }
}

using System.Diagnostics;
using Adit.Relay;
using Adit.Ssh;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit;

/// <summary>What a tunnel is at one moment.</summary>
public enum SshTunnelState
{
    /// <summary>It is not connected, and will connect when it is used.</summary>
    Idle = 0,

    /// <summary>It is connected.</summary>
    Up,

    /// <summary>The connection is lost and is being made anew. New connections wait for that, up to a limit.</summary>
    Down,

    /// <summary>It has ended, for good.</summary>
    Ended,
}

/// <summary>
/// A tunnel over SSH that lives inside this process: connections to what the server can reach, as streams or through listeners that admit
/// this process alone. No other program is started, and nothing is left when the process ends, whichever way.
/// </summary>
/// <remarks>
/// <code>
/// await using var tunnel = await SshTunnel.OpenAsync("joe@foo.com");
/// await using var stream = await tunnel.ConnectAsync("db", 5432);
/// </code>
/// <c>~/.ssh/config</c>, <c>known_hosts</c>, keys and the agent are used as ssh uses them, jump hosts included. A connection that is lost is
/// made anew; open streams break with it, listeners stay, and new connections wait. Members may be used from any thread.
/// </remarks>
public sealed class SshTunnel : IAsyncDisposable
{
    private readonly TunnelPlan _plan;
    private readonly TunnelHolder _holder;
    private readonly Lock _sync = new();
    private readonly HashSet<IAsyncDisposable> _owned = [];
    private bool _disposed;

    private SshTunnel(string destination, SshTunnelOptions? options, bool reopens)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        Options = options ?? SshTunnelOptions.Default;
        _plan = new(destination, Options);
        _holder = new(_plan, reopens, Options.Time);
    }

    /// <summary>The destination as it was given.</summary>
    public string Destination => _plan.Destination;

    /// <summary>How it connects and behaves.</summary>
    public SshTunnelOptions Options { get; }

    /// <summary>What it is at this moment.</summary>
    public SshTunnelState State =>
        _holder.Ended.IsCompleted ? SshTunnelState.Ended
        : _holder.Current is not { } open ? SshTunnelState.Idle
        : open.Tunnel.Link is null ? SshTunnelState.Down
        : SshTunnelState.Up;

    /// <summary>Why the last attempt to open it failed, or its way back was refused; null if it succeeded, or none was made.</summary>
    public AditException? LastFailure => _holder.LastFailure;

    /// <summary>Completes, never fails, with why the tunnel has ended for good: a <see cref="TunnelEndedException"/>, or what refused its way back.</summary>
    public Task<AditException> Ended => _holder.Ended;

    /// <summary>Opens a tunnel: connects to the server, checks its host key and logs in.</summary>
    /// <param name="destination">As ssh takes it: <c>[user@]host</c> or <c>ssh://[user@]host[:port]</c>; the host may be an alias of <c>~/.ssh/config</c>.</param>
    /// <param name="options">How it connects and behaves; as configured if null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TunnelConfigurationException">The destination, an option or a configuration file cannot be used.</exception>
    /// <exception cref="HostUnreachableException">The server, or one on the way, cannot be reached.</exception>
    /// <exception cref="HostKeyRefusedException">Its host key is not known, or has changed.</exception>
    /// <exception cref="AuthenticationFailedException">It did not let the user in.</exception>
    /// <exception cref="HandshakeFailedException">It was reached, and no SSH connection came about.</exception>
    public static async Task<SshTunnel> OpenAsync(string destination, SshTunnelOptions? options = null, CancellationToken cancellationToken = default)
    {
        var tunnel = new SshTunnel(destination, options, reopens: false);
        try
        {
            await tunnel._holder.GetAsync(cancellationToken).ConfigureAwait(false);
            return tunnel;
        }
        catch
        {
            await tunnel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Prepares a tunnel that opens when it is first used, and opens again when it is used after it has ended, until it is disposed. What
    /// fails then is thrown there, as by <see cref="OpenAsync"/>; a login that the server refused is not tried again for 10 seconds.
    /// </summary>
    /// <inheritdoc cref="OpenAsync" path="/param[@name='destination' or @name='options']"/>
    /// <exception cref="TunnelConfigurationException">The destination or an option cannot be used.</exception>
    public static SshTunnel Create(string destination, SshTunnelOptions? options = null) => new(destination, options, reopens: true);

    /// <summary>Connects now, if it is not connected, in place of at the first use.</summary>
    /// <inheritdoc cref="OpenAsync" path="/exception"/>
    /// <exception cref="TunnelEndedException">It has ended for good.</exception>
    public async Task EnsureOpenAsync(CancellationToken cancellationToken = default)
    {
        await _holder.GetAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connects through the tunnel to a host and port as the server sees them. No port of this machine is involved.</summary>
    /// <param name="host">A name that the server looks up, or an address; <c>localhost</c> is the server itself.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, which the caller disposes.</returns>
    /// <exception cref="TargetUnreachableException">The server did not connect to the target.</exception>
    /// <exception cref="TunnelDownException">The server is away and did not come back in time.</exception>
    /// <exception cref="TunnelEndedException">The tunnel has ended for good.</exception>
    public Task<TunnelStream> ConnectAsync(string host, int port, CancellationToken cancellationToken = default) =>
        ConnectAsync(Target(host, port), cancellationToken);

    /// <summary>Connects through the tunnel to a Unix socket of the server.</summary>
    /// <param name="path">Its absolute path there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <inheritdoc cref="ConnectAsync(string, int, CancellationToken)" path="/returns|/exception"/>
    public Task<TunnelStream> ConnectUnixAsync(string path, CancellationToken cancellationToken = default) =>
        ConnectAsync(UnixTarget(path), cancellationToken);

    /// <summary>
    /// Listens on this machine and passes each connection on to a host and port as the server sees them. Only this process is admitted,
    /// unless the options say otherwise. It listens until it or the tunnel is disposed, whatever happens to the connection to the server.
    /// </summary>
    /// <param name="host">A name that the server looks up, or an address; <c>localhost</c> is the server itself.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="options">Where it listens and whom it admits; a free loopback port for this process if null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ListenFailedException">The port or socket cannot be bound.</exception>
    /// <exception cref="TunnelEndedException">The tunnel has ended for good.</exception>
    public Task<TunnelListener> ForwardAsync(string host, int port, TunnelListenerOptions? options = null, CancellationToken cancellationToken = default) =>
        ForwardAsync(Target(host, port), options ?? TunnelListenerOptions.Default, cancellationToken);

    /// <summary>As <see cref="ForwardAsync(string, int, TunnelListenerOptions, CancellationToken)"/>, to a Unix socket of the server.</summary>
    /// <param name="path">Its absolute path there.</param>
    /// <param name="options">Where it listens and whom it admits; a free loopback port for this process if null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <inheritdoc cref="ForwardAsync(string, int, TunnelListenerOptions, CancellationToken)" path="/exception"/>
    public Task<TunnelListener> ForwardUnixAsync(string path, TunnelListenerOptions? options = null, CancellationToken cancellationToken = default) =>
        ForwardAsync(UnixTarget(path), options ?? TunnelListenerOptions.Default, cancellationToken);

    /// <summary>Asks the server for a sign of life, and opens nothing.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="TunnelDownException">There is no connection to the server at this moment.</exception>
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        SshLink link = LinkOrThrow();
        long began = Stopwatch.GetTimestamp();
        try
        {
            await link.Connection.RequestAsync("keepalive@openssh.com", [], cancellationToken).ConfigureAwait(false);
        }
        catch (SshException e)
        {
            throw new TunnelDownException($"the connection to {Destination} is lost: {Printable.Text(e.Message)}", e);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>The way that a connection would go at this moment, leg by leg, with what protects each.</summary>
    /// <inheritdoc cref="ConnectAsync(string, int, CancellationToken)" path="/param"/>
    /// <exception cref="TunnelDownException">There is no connection to the server at this moment.</exception>
    public Route RouteTo(string host, int port) => LinkOrThrow().Dialer.RouteTo(Target(host, port));

    /// <summary>Ends the tunnel with its streams and listeners. Returns when all of it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        IAsyncDisposable[] owned;
        lock (_sync)
        {
            if (_disposed)
                return;
            _disposed = true;
            owned = [.. _owned];
        }

        foreach (IAsyncDisposable one in owned)
            await one.DisposeAsync().ConfigureAwait(false);
        await _holder.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Passes the connections of a listener on to a target.</summary>
    /// <param name="listener">Where they come from; owned from here on.</param>
    /// <param name="target">Where they go.</param>
    /// <param name="admission">Who may use it.</param>
    /// <param name="maxConnections">The most at once.</param>
    internal Forward StartForward(IListener listener, Endpoint target, Admission admission, int maxConnections) => CallerContext.Leave(() =>
        Forward.Start(listener, target, _holder, new()
        {
            Admission = admission,
            MaxConnections = maxConnections,
            Relay = _holder.Current?.Terms ?? RelayOptions.Default,
            Events = _plan.Reporter,
            TimeProvider = Options.Time,
        }));

    /// <summary>Disposes something with the tunnel.</summary>
    /// <returns>False where the tunnel is disposed already.</returns>
    internal bool TryOwn(IAsyncDisposable one)
    {
        lock (_sync)
            return !_disposed && _owned.Add(one);
    }

    /// <summary>Has <see cref="TryOwn"/> not hold any longer.</summary>
    internal void Disown(IAsyncDisposable one)
    {
        lock (_sync)
            _owned.Remove(one);
    }

    private static Endpoint Target(string host, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(port);
        try
        {
            return Endpoint.Tcp(host, port);
        }
        catch (FormatException e)
        {
            throw new ArgumentException(e.Message, nameof(host), e);
        }
    }

    private static Endpoint UnixTarget(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return path.StartsWith('/') ? Endpoint.Unix(path) : throw new ArgumentException("the path of a socket on the server is absolute", nameof(path));
    }

    private SshLink LinkOrThrow() => _holder.Link ?? throw new TunnelDownException($"there is no connection to {Destination} at this moment");

    private async Task<TunnelStream> ConnectAsync(Endpoint target, CancellationToken cancellationToken)
    {
        try
        {
            DialedConnection dialed = await _holder.DialAsync(target, ConnectionOrigin.ThisProcess, cancellationToken).ConfigureAwait(false);
            return new(dialed.Duplex, Destination, dialed.Route);
        }
        catch (DialException e)
        {
            throw TunnelFailure.OfDialling(e);
        }
    }

    private async Task<TunnelListener> ForwardAsync(Endpoint target, TunnelListenerOptions options, CancellationToken cancellationToken)
    {
        _holder.ThrowIfEnded();
        TunnelListener forward;
        try
        {
            var admission = Admission.Of(options.Admission);
            ListenSpec spec = options.SocketPath is { } path ? ListenSpec.Unix(path) : ListenSpec.Tcp(options.Port);
            LocalListener listener = await LocalListener.BindAsync(spec, null, cancellationToken).ConfigureAwait(false);
            forward = new(StartForward(listener, target, admission, options.MaxConnections), Disown);
        }
        catch (Exception e) when (e is ListenException or FormatException)
        {
            throw new ListenFailedException(e.Message, e);
        }

        if (TryOwn(forward))
            return forward;
        await forward.DisposeAsync().ConfigureAwait(false);
        throw new TunnelEndedException($"the tunnel to {Destination} was closed");
    }
}

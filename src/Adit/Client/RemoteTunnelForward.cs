using Adit.OpenSsh;
using Adit.Relay;
using Adit.Socks;
using Adit.Ssh;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;

namespace Adit.Client;

/// <summary>A forward that the server listens for. After a loss of the link it is asked for again, until the server agrees.</summary>
internal sealed class RemoteTunnelForward : TunnelForward
{
    // A server that has not noticed the loss yet still holds the old listener.
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(5);

    // Servers that ask for signs of life miss a client within a minute or two.
    private static readonly TimeSpan HoldsOldPort = TimeSpan.FromMinutes(2);

    private readonly TunnelOptions _options;
    private readonly ListenRequest _asked;
    private readonly Lock _sync = new();
    private readonly SemaphoreSlim _asking = new(1);
    private SshLink? _over;
    private volatile int _chosenPort;

    public RemoteTunnelForward(ForwardSpec spec, TunnelOptions options)
        : base(ForwardDirection.Remote, spec)
    {
        _options = options;
        _asked = spec.Listen.Path is { } path ? new(string.Empty, 0, path) : new(spec.Listen.BindAddress switch
        {
            // ssh(1) -R: without a bind address the server's loopback, with an empty one all of its addresses.
            null => "localhost",
            "*" => string.Empty,
            { } address => address,
        }, spec.Listen.Port, null);
    }

    /// <summary>The port that the server chose, where it was asked to; else 0.</summary>
    public int ChosenPort => _chosenPort;

    // Whether the server does listen on more is its to say (GatewayPorts).
    private bool IsExposed => _asked is { Path: null, Address: not ("localhost" or "127.0.0.1" or "::1") };

    /// <summary>Whether it was stopped, and is not to be asked for again.</summary>
    public bool IsStopped { get; private set; }

    /// <inheritdoc/>
    public override Route RouteOver(SshLink link)
    {
        var near = new Leg("peer", $"{_asked with { Port = _chosenPort == 0 ? _asked.Port : _chosenPort }} on {link.Machine.Name}", LegProtection.None)
        {
            Within = IsExposed ? null : link.Machine.Name,
        };
        var tunnel = new Leg(link.Machine.Name, Machine.ThisName, LegProtection.Ssh) { Verification = link.Route.Legs[^1].Verification };
        var route = new Route(near, tunnel);
        return Spec.Target is { } target ? route.Then(Leg.Plain(Machine.This(), target)) : route;
    }

    /// <summary>Has the server listen.</summary>
    /// <exception cref="ListenException">The server refused.</exception>
    /// <exception cref="SshException">The connection ended.</exception>
    public async Task EstablishAsync(SshLink link, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await ListenAsync(link, _asked, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>
    /// Has the server listen again over another link, unless it does. Ends when it does, or the link is lost again. A port that the server
    /// chose is known to those who use it; another one is taken only if that one stays in use.
    /// </summary>
    public async Task ReestablishAsync(SshLink link, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_over != link)
                await ListenAgainAsync(link, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _asking.Release();
        }
    }

    public override async Task StopListeningAsync()
    {
        lock (_sync)
            IsStopped = true;
        await base.StopListeningAsync().ConfigureAwait(false);
    }

    private async Task ListenAgainAsync(SshLink link, CancellationToken cancellationToken)
    {
        _over = null;
        Forward? old = Current;
        Current = null;
        if (old is not null)
            await old.DisposeAsync().ConfigureAwait(false);
        long since = _options.Time.GetTimestamp();
        for (bool said = false; !IsStopped; said = true)
        {
            bool isForced = _asked is { Port: 0, Path: null } && _options.Time.GetElapsedTime(since) < HoldsOldPort;
            try
            {
                await ListenAsync(link, isForced ? _asked with { Port = _chosenPort } : _asked, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (ListenException e)
            {
                if (!said)
                    _options.Events?.Report(new RemoteForwardWaits { Time = _options.Time.GetUtcNow(), Asked = _asked.ToString(), Reason = e.Message, Pause = BetweenAttempts });
            }

            await Task.Delay(BetweenAttempts, _options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ListenAsync(SshLink link, ListenRequest request, CancellationToken cancellationToken)
    {
        RemoteListener listener = await link.Remote.ListenAsync(request, cancellationToken).ConfigureAwait(false);
        if (request is { Port: 0, Path: null })
            OnChosen(listener.Asked.Port);
        IListener naming = Spec.IsDynamic ? new SocksListener(listener) : listener;
        var forward = Forward.Start(naming, Spec.Target, new MachineDialer(), new()
        {
            MaxConnections = _options.MaxConnections,
            Admission = Spec.IsDynamic ? _options.RemoteTargets : Admission.AnyPeer,
            Events = _options.Events,
            Relay = _options.Terms(_asked.Path is null ? DirectTcpip.ForwardedChannelType : ForwardedStreamLocal.ChannelType),
            TimeProvider = _options.Time,
        });
        bool isStopped;
        lock (_sync)
        {
            Current = forward;
            isStopped = IsStopped;
        }

        _over = link;
        // It was cancelled while the server was asked.
        if (isStopped)
            await base.StopListeningAsync().ConfigureAwait(false);
    }

    private void OnChosen(int port)
    {
        int before = Interlocked.Exchange(ref _chosenPort, port);
        if (before != 0)
            _options.Events?.Report(new RemotePortChanged { Time = _options.Time.GetUtcNow(), Asked = _asked.ToString(), Before = before, Port = port });
    }
}

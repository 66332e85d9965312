using System.Globalization;
using System.Net;
using Adit.Gateway.Access;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Gateway.Policy;
using Adit.OpenSsh;
using Adit.Platform;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Ssh.Transport;
using Adit.SshLegs;
using Adit.Wording;

namespace Adit.Gateway.Serving;

/// <summary>One client of a gateway, from its first byte until it is gone. It owns the SSH connection and everything that runs over it.</summary>
internal sealed class GatewayConnection : IConnectionHandler, IGatewayClient, IAsyncDisposable
{
    // Beyond those of the user, so that it is the user's limit that refuses and is told of, and not the connection's.
    private const int SpareChannels = 64;

    private readonly GatewayServer _gateway;
    private readonly Duplex _stream;
    private readonly ConnectionOrigin _origin;
    private readonly Endpoint _local;
    private readonly UserAccess _access;
    private readonly ChannelListener _channels;
    private readonly RemoteForwards _remote;
    private readonly CurrentRules _currentRules;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _admitted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DateTimeOffset _since;
    private SshConnection? _ssh;
    private UserTally? _tally;
    private NameLookup? _names;
    private SessionChannels? _sessions;
    private DateTimeOffset _usedAt;
    private volatile bool _draining;
    private long _bytesOut;
    private long _bytesIn;

    public GatewayConnection(GatewayServer gateway, long id, Duplex stream, ConnectionOrigin origin, Endpoint local)
    {
        _gateway = gateway;
        _stream = stream;
        _origin = origin;
        _local = local;
        _since = _usedAt = gateway.Now();
        Id = id;
        Address = IPAddress.TryParse(origin.Address, out IPAddress? address) ? address : IPAddress.None;
        _access = new(
            new(Address, LocalAddress, local.Port, gateway.Time, Report),
            subject => gateway.Configuration is var now && subject is null ? now.Global : now.Config.Settings(subject));
        _currentRules = new(() => gateway.Configuration, () => _access.Subject, () => Grant?.Options ?? KeyOptions.None);
        _channels = new(local);
        _remote = new(this);
    }

    /// <summary>Its number, which no other connection of this process has.</summary>
    public long Id { get; }

    /// <summary>Where the client is.</summary>
    public IPAddress Address { get; }

    /// <summary>Completes when nothing of it is left.</summary>
    public Task Gone => _gone.Task;

    /// <summary>SSH_CLIENT of a command: the client's address and port, and the port here.</summary>
    public string ClientVariable => string.Create(CultureInfo.InvariantCulture, $"{_origin.Address} {_origin.Port} {_local.Port}");

    /// <summary>SSH_CONNECTION of a command: both ends with address and port.</summary>
    public string ConnectionVariable => string.Create(CultureInfo.InvariantCulture, $"{_origin.Address} {_origin.Port} {_local.Host} {_local.Port}");

    /// <summary>The address at which the client came in; null where there is none.</summary>
    public IPAddress? LocalAddress => IPAddress.TryParse(_local.Host, out IPAddress? address) ? address : null;

    /// <summary>Where the client came in.</summary>
    public Endpoint Local => _local;

    /// <summary>Its channels of this moment.</summary>
    public int Channels => _ssh?.ChannelCount ?? 0;

    /// <summary>Who it is; null before that is known.</summary>
    public Grant? Grant => _access.Grant;

    /// <summary>Called once, when the client is authenticated or gone.</summary>
    public Action? LeaveStartups { private get; set; }

    internal GatewayServer Gateway => _gateway;

    internal UserTally Tally => _tally!;

    internal SshConnection Ssh => _ssh!;

    /// <summary>Completes when the client may stay: nothing that it asks for runs before.</summary>
    internal Task Admitted => _admitted.Task;

    /// <summary>Looks names up for this user.</summary>
    internal NameLookup Names => _names!;

    /// <summary>The SSH connection as a leg, from the client to here.</summary>
    internal Leg Leg => new(_origin.ToString(), _local.ToString(), LegProtection.Ssh)
    {
        Verification = Grant is { KeyText: { } key } ? $"user key {key}" : "user authenticated",
    };

    /// <summary>The settings and the policy for this user, as of now.</summary>
    internal ConnectionRules Rules => _currentRules.Now;

    /// <summary>Serves it in the background.</summary>
    public void Start(Action onGone, CancellationToken ending) => _ = RunToEndAsync(onGone, ending);

    /// <summary>Serves it until it is over. False when nobody got in; never throws.</summary>
    public async Task<bool> RunAsync(CancellationToken ending)
    {
        SshClosedException? closed = null;
        try
        {
            Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.Connected });
            _ssh = await SshServer.AcceptAsync(_stream.AsStream(), Options(), ending).ConfigureAwait(false);
            EnterAuthenticated();
            closed = await ServeAsync(_ssh, ending).ConfigureAwait(false);
        }
        catch (SshClosedException e)
        {
            closed = e;
            _gateway.Penalties.Add(Address, _access.Penalty(e.Reason), _gateway.Configuration.Global);
        }
        catch (Exception e)
        {
            // A fault in serving one client must not touch the others; it is told in the log.
            closed = new(CloseReason.InternalError, e.Message, e);
        }

        try
        {
            await EndAsync(closed).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whoever takes the events fails: there is nobody left to tell.
        }
        finally
        {
            _gone.SetResult();
        }

        return Grant is not null;
    }

    /// <summary>Gives back what is left when the connection is over; <see cref="RunAsync"/> does it.</summary>
    public async ValueTask DisposeAsync()
    {
        // The stream belongs to the SSH connection, if it came to one.
        foreach (IAsyncDisposable? left in (IAsyncDisposable?[])[_channels, _remote, _sessions, _ssh is null ? _stream : null])
        {
            try
            {
                if (left is not null)
                    await left.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.Fault, Detail = $"something that a client left could not be given back: {e.Message}" });
            }
        }
    }

    /// <summary>Ends what has lasted, or carried, as long or as much as it may.</summary>
    public void Check(DateTimeOffset now)
    {
        if (_ssh is not { } ssh || _tally is not { } tally || ssh.Closed.IsCompleted)
            return;
        _sessions?.Check(now);
        if (ssh.ChannelCount > 0 || _remote.Count > 0)
            _usedAt = now;
        UserLimits limits = tally.Limits;
        TimeSpan unused = Rules.Settings.UnusedConnectionTimeout;
        if (_draining && ssh.ChannelCount == 0)
            EndDrained();
        else if (limits.Session is { } session && now - _since >= session)
            ssh.Close(CloseReason.Expired, $"the session has lasted {session.TotalSeconds:0} s, as long as it may (AditMaxSession)");
        else if (limits.TotalBytes is { } bytes && tally.Meter.Total > bytes)
            ssh.Close(CloseReason.Expired, $"the session has carried {bytes} bytes, as much as it may (AditMaxBytes)");
        else if (Grant?.Expiry is { } expiry && now >= expiry)
            ssh.Close(CloseReason.Expired, "the user's key is valid no longer");
        else if (unused > TimeSpan.Zero && now - _usedAt >= unused)
            ssh.Close(CloseReason.Expired, $"the connection was not used for {unused.TotalSeconds:0} s (UnusedConnectionTimeout)");
    }

    /// <summary>Opens no more, and ends when the last channel is gone.</summary>
    public void Drain()
    {
        _draining = true;
        if (_ssh is { ChannelCount: > 0 })
            return;
        EndDrained();
    }

    /// <summary>A new configuration is in force.</summary>
    public void OnReloaded()
    {
        if (_ssh is not { } ssh || _tally is not { } tally)
            return;
        tally.Limits = Rules.Settings.Limits;
        _remote.OnReloaded();
        if (_access.RefusalNow(Rules.Settings) is { } refusal)
            ssh.Close(CloseReason.Expired, refusal);
    }

    /// <summary>Reports what happened to this connection, with who and from where.</summary>
    public void Report(GatewayEvent happened) => _gateway.Report(happened with
    {
        Connection = Id,
        User = happened.User ?? (_access.User is { } user ? Printable.Text(user) : null),
        Source = _origin.ToString(),
        Key = happened.Key ?? Grant?.KeyText,
        Certificate = happened.Certificate ?? Grant?.CertificateText,
        Target = happened.Target is null ? null : Printable.Text(happened.Target),
        Detail = happened.Detail is null ? null : Printable.Text(happened.Detail),
    });

    /// <summary>Counts what a channel carried.</summary>
    public void Count(long bytesOut, long bytesIn)
    {
        Interlocked.Add(ref _bytesOut, bytesOut);
        Interlocked.Add(ref _bytesIn, bytesIn);
    }

    void IConnectionHandler.OnChannelOpen(IncomingChannel channel)
    {
        _usedAt = _gateway.Now();
        if (_draining)
            channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "the gateway is stopping");
        else if (ChannelConnection.Direct(channel, Leg, _local) is { } direct)
        {
            if (!_channels.TryAdd(direct))
                channel.Refuse(ChannelOpenFailureReason.AdministrativelyProhibited, "the connection is ending");
        }
        else if (channel.Type is SessionChannels.ChannelType)
        {
            SessionsOf().OnOpen(channel);
        }
        else
        {
            Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.RequestRefused, Target = $"a {channel.Type} channel", Detail = "it is not served" });
            channel.Refuse(ChannelOpenFailureReason.UnknownChannelType, "this kind of channel is not served");
        }
    }

    void IConnectionHandler.OnGlobalRequest(IncomingRequest request)
    {
        if (request.Name is SessionChannels.NoMoreRequest)
        {
            SessionsOf().RefuseFurther();
            request.Succeed();
        }
        else
        {
            _remote.Add(request);
        }
    }

    // A client that is not in yet is ended by the gateway's own end.
    private void EndDrained() => _ssh?.Close(CloseReason.Closed, "the gateway is stopping");

    private SessionChannels SessionsOf() => _sessions ??= new(this);

    private async Task RunToEndAsync(Action onGone, CancellationToken ending)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await RunAsync(ending).ConfigureAwait(false);
        }
        finally
        {
            onGone();
        }
    }

    private async Task EndAsync(SshClosedException? closed)
    {
        EnterAuthenticated();
        await DisposeAsync().ConfigureAwait(false);
        Report(new()
        {
            Time = _gateway.Now(),
            Event = GatewayEventKind.Disconnected,
            Reason = closed?.Reason.ToString(),
            Detail = closed?.Message,
            BytesOut = Interlocked.Read(ref _bytesOut),
            BytesIn = Interlocked.Read(ref _bytesIn),
            Seconds = (_gateway.Now() - _since).TotalSeconds,
        });
    }

    private SshServerOptions Options()
    {
        GatewayConfiguration configuration = _gateway.Configuration;
        GatewaySettings settings = configuration.Global;
        return new()
        {
            HostKeys = configuration.HostKeys,
            Authenticator = _access,
            Handler = this,
            Algorithms = settings.Algorithms,
            UserKeyAlgorithms = configuration.UserKeyAlgorithms,
            RekeyLimit = settings.RekeyLimit,
            AuthenticationTimeout = settings.LoginGraceTime > TimeSpan.Zero ? settings.LoginGraceTime : Timeout.InfiniteTimeSpan,
            Banner = _access.Banner,
            Time = _gateway.Time,
            Connection = new()
            {
                MaxChannels = (int)Math.Min((long?)configuration.MostChannels + SpareChannels ?? long.MaxValue, ConnectionOptions.Default.MaxChannels),
                Later = OperatingSystem.IsLinux() ? SocketLoop.TryDefer : null,
            },
        };
    }

    // It counts no longer among those that are not authenticated yet.
    private void EnterAuthenticated()
    {
        LeaveStartups?.Invoke();
        LeaveStartups = null;
    }

    private async Task<SshClosedException> ServeAsync(SshConnection ssh, CancellationToken ending)
    {
        await using (ssh.ConfigureAwait(false))
        {
            Grant grant = Grant!;
            _tally = _gateway.Tallies.TryAdd(grant.User, grant.Fingerprints, Rules.Settings.Limits);
            if (_tally is null)
            {
                ssh.Close(CloseReason.TooManyConnections, "the user has as many connections as allowed (AditMaxConnections)");
                return await ssh.Closed.ConfigureAwait(false);
            }

            using UserTally tally = _tally;

            // The rules may have changed while it logged in, and nobody told a tally that was not there yet.
            tally.Limits = Rules.Settings.Limits;
            if (_access.RefusalNow(Rules.Settings) is { } refusal)
            {
                ssh.Close(CloseReason.Expired, refusal);
                return await ssh.Closed.ConfigureAwait(false);
            }

            _admitted.SetResult();
            _names = _gateway.NamesOf(grant.User, grant.Fingerprints);
            var dialer = new MeteredDialer(new PolicyDialer(() => Rules.Policy, _names.ResolveAsync), tally);
            var options = new ForwardOptions
            {
                Admission = _currentRules.Admission(_gateway.Time),
                Events = new ChannelEvents(this, null),
                TimeProvider = _gateway.Time,
            };
            using CancellationTokenSource over = new();
            Task asking = _remote.RunAsync(over.Token);
            Forward opens = Forward.Start(_channels, null, dialer, options);
            using CancellationTokenRegistration stop = ending.UnsafeRegister(
                static ssh => ((SshConnection)ssh!).Close(CloseReason.Closed, "the gateway is stopping"), ssh);
            SshClosedException closed = await ssh.Closed.ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
            await asking.ConfigureAwait(false);
            await opens.DisposeAsync().ConfigureAwait(false);
            await _remote.DisposeAsync().ConfigureAwait(false);
            return closed;
        }
    }
}

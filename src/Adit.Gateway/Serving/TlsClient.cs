using System.Net;
using Adit.Gateway.Access;
using Adit.Gateway.Audit;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Gateway.Policy;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh.Messages.Connection;
using Adit.SshLegs;
using Adit.Tls;
using Adit.Wording;

namespace Adit.Gateway.Serving;

/// <summary>
/// One client of a TLS port, from when it comes until it is gone: a user whom a certificate names, with one channel. What a user may do is
/// decided as for those of SSH.
/// </summary>
internal sealed class TlsClient : IncomingConnection, IGatewayClient
{
    private const string Method = "certificate";

    private readonly GatewayServer _gateway;
    private readonly TlsListen _port;
    private readonly GatewayConfiguration _began;
    private readonly TlsConnection? _tls;
    private readonly IncomingConnection _inner;
    private readonly CurrentRules _rules;
    private readonly ChannelEvents _channel;
    private readonly DateTimeOffset _since;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _sync = new();
    private volatile ConnectionSubject? _subject;
    private volatile UserTally? _tally;
    private IDialer? _dialer;
    private Duplex? _near;
    private Action? _leaveStartups;
    private string? _whyEnded;
    private bool _isIn;
    private bool _hasCome;
    private long _bytesOut;
    private long _bytesIn;

    /// <param name="gateway">The gateway.</param>
    /// <param name="id">Its number.</param>
    /// <param name="port">The port, as it was configured when it was opened.</param>
    /// <param name="accepted">The connection; owned.</param>
    public TlsClient(GatewayServer gateway, long id, TlsListen port, IncomingConnection accepted)
    {
        _gateway = gateway;
        _port = port;
        _began = gateway.Configuration;
        _since = gateway.Now();
        _tls = _began.Tls?.Find(port) is { } settings ? new TlsConnection(accepted, settings) : null;
        _inner = _tls ?? accepted;
        _rules = new(() => gateway.Configuration, () => _subject, static () => KeyOptions.None);
        _channel = new(this, null);
        Id = id;
        Address = IPAddress.TryParse(accepted.Origin.Address, out IPAddress? address) ? address : IPAddress.None;
    }

    /// <summary>Its number, which no other connection of this process has.</summary>
    public long Id { get; }

    /// <summary>Where it is.</summary>
    public IPAddress Address { get; }

    /// <summary>Completes when nothing of it is left.</summary>
    public Task Gone => _gone.Task;

    /// <summary>Makes its onward connection, once it is in.</summary>
    public IDialer Dialer => _dialer ?? throw new InvalidOperationException("nobody dials before it is known for whom");

    /// <inheritdoc/>
    public override ConnectionOrigin Origin => _inner.Origin with { Connection = this };

    /// <inheritdoc/>
    public override Endpoint LocalEndpoint => _inner.LocalEndpoint;

    /// <inheritdoc/>
    public override Leg Leg => _inner.Leg;

    /// <inheritdoc/>
    public override PeerSocket? Peer => _inner.Peer;

    /// <inheritdoc/>
    public override bool IsConnected => _inner.IsConnected;

    private ConnectionRules Rules => _rules.Now;

    /// <summary>It has come: whether it may begin.</summary>
    public AdmissionVerdict Come()
    {
        GatewaySettings settings = _began.Global;
        if (_tls is null)
            return AdmissionVerdict.Refuse("this port is no longer configured (AditTlsListen)");
        if ((_gateway.Penalties.Refusal(Address, settings) ?? _gateway.Startups.TryEnter(Address, settings)) is { } refusal)
            return AdmissionVerdict.Refuse(refusal);
        _leaveStartups = () => _gateway.Startups.Leave(Address, settings);
        _hasCome = true;
        Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.Connected });
        return AdmissionVerdict.Admit();
    }

    /// <inheritdoc/>
    public override async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        TimeSpan grace = _began.Global.LoginGraceTime;
        using var deadline = new Deadline(grace > TimeSpan.Zero ? grace : Timeout.InfiniteTimeSpan, _gateway.Time, cancellationToken);
        try
        {
            await _inner.BeginAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (deadline.HasPassed)
            {
                Penalize(static penalties => penalties.GraceExceeded);
                throw new IOException($"the client did not begin within {grace.TotalSeconds:0} s (LoginGraceTime)", e);
            }

            if (_tls?.Verdict?.Refusal is not null)
                Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.AuthenticationFailed, Method = Method, Detail = e.Message });
            Penalize(_tls?.Shown is null ? static penalties => penalties.NoAuth : static penalties => penalties.AuthFail);
            throw;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<Endpoint> NameTargetAsync(CancellationToken cancellationToken) => _inner.NameTargetAsync(cancellationToken);

    /// <summary>It has begun: whether the user that its certificate names may be here, and open the target.</summary>
    /// <exception cref="ConfigException">The users' file cannot be read.</exception>
    public ValueTask<AdmissionVerdict> EnterAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return Enter() is { } refusal
                ? new(AdmissionVerdict.Refuse(refusal))
                : _rules.Admission(_gateway.Time).AdmitAsync(request, cancellationToken);
        }
        finally
        {
            LeaveStartups();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken)
    {
        Duplex near = await _inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
        lock (_sync)
        {
            _near = near;
            if (_whyEnded is not null)
                near.Abort();
        }

        return near;
    }

    /// <inheritdoc/>
    public override async ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        LeaveStartups();
        await _inner.RefuseAsync(refusal, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        LeaveStartups();
        return _inner.DisposeAsync();
    }

    /// <summary>Ends what has lasted, or carried, as long or as much as it may.</summary>
    public void Check(DateTimeOffset now)
    {
        if (_tally is not { } tally)
            return;
        UserLimits limits = tally.Limits;
        if (limits.Session is { } session && now - _since >= session)
            End($"the session has lasted {session.TotalSeconds:0} s, as long as it may (AditMaxSession)");
        else if (limits.TotalBytes is { } bytes && tally.Meter.Total > bytes)
            End($"the session has carried {bytes} bytes, as much as it may (AditMaxBytes)");
        else if (now >= _tls?.Shown?.Expiry)
            End("the user's certificate is valid no longer");
    }

    /// <summary>A new configuration is in force.</summary>
    public void OnReloaded()
    {
        // Who is not in yet is judged by it when that is decided.
        if (_tally is not { } tally)
            return;
        tally.Limits = Rules.Settings.Limits;
        if (RefusalNow() is { } refusal)
            End(refusal);
    }

    /// <summary>Something has become of it; nothing comes behind that it was refused or closed.</summary>
    public void OnEvent(ConnectionEvent happened)
    {
        try
        {
            if (_isIn)
                _channel.Report(happened);
            if (happened is ConnectionRefused { Refusal: var refusal } && !_hasCome)
                Report(new() { Time = happened.Time, Event = GatewayEventKind.ConnectionRefused, Detail = refusal.Reason });
            else if (happened is ConnectionRefused or ConnectionClosed)
                ReportEnd(happened);
        }
        finally
        {
            if (happened is not ConnectionOpened)
                Leave();
        }
    }

    /// <inheritdoc/>
    public void Report(GatewayEvent happened) => _gateway.Report(happened with
    {
        Connection = Id,
        User = _subject?.User,
        Source = _inner.Origin.ToString(),
        Key = _tls?.Shown is { } key ? $"SPKI={key.KeyFingerprint}" : null,
        Certificate = _tls?.Shown is { } shown ? Printable.Text($"{shown.Subject} {shown.Fingerprint} CA {shown.Issuer}") : null,
        Target = happened.Target is null ? null : Printable.Text(happened.Target),
        Detail = happened.Detail is null ? null : Printable.Text(happened.Detail),
    });

    /// <inheritdoc/>
    public void Count(long bytesOut, long bytesIn) => (_bytesOut, _bytesIn) = (_bytesOut + bytesOut, _bytesIn + bytesIn);

    // Why it may not be here; null when it may.
    private string? Enter()
    {
        // Without TLS come those who cancel a query of PostgreSQL in the clear. Nobody knows who they are.
        if (_tls is not { Verdict: { Refusal: null, User: { } user }, Shown: { } shown })
        {
            Penalize(static penalties => penalties.NoAuth);
            return "the client did not begin with TLS, and nobody knows who it is";
        }

        UserEntry? entry = _gateway.Configuration.Global.AditUsersFile is { } file ? UserEntry.Find(file, user) : null;
        var subject = new ConnectionSubject(
            user, [.. SystemAccount.Of(user).Groups, .. entry?.Groups ?? []], Address, IPAddress.TryParse(LocalEndpoint.Host, out IPAddress? local) ? local : null, LocalEndpoint.Port);
        _subject = subject;
        GatewaySettings settings = Rules.Settings;
        if (settings.RefuseConnection is { } closed)
            return Deny(closed, static penalties => penalties.RefuseConnection);
        if (UserLists.Refusal(settings, subject) is { } denied)
            return Deny(denied, static penalties => penalties.InvalidUser);
        Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.Authenticated, Method = Method });
        if (_gateway.Tallies.TryAdd(user, [shown.KeyFingerprint], settings.Limits) is not { } tally)
            return "the user has as many connections as allowed (AditMaxConnections)";
        _tally = tally;

        // The rules may have changed while it came in, and nobody told a tally that was not there yet.
        tally.Limits = Rules.Settings.Limits;
        if (_gateway.Configuration != _began && RefusalNow() is { } refusal)
            return refusal;
        NameLookup names = _gateway.NamesOf(user, [shown.KeyFingerprint]);
        _dialer = new MeteredDialer(new PolicyDialer(() => Rules.Policy, names.ResolveAsync), tally);
        _isIn = true;
        return null;
    }

    private string Deny(string reason, Func<SourcePenalties, TimeSpan> penalty)
    {
        Report(new() { Time = _gateway.Now(), Event = GatewayEventKind.AuthenticationFailed, Method = Method, Detail = reason });
        Penalize(penalty);
        return reason;
    }

    // Why one who is in already would not get in now; null when it would.
    private string? RefusalNow()
    {
        GatewayConfiguration now = _gateway.Configuration;
        if (now.Tls is not { } tls || tls.Find(_port) is null)
            return "the rules have changed: the port is no longer configured (AditTlsListen)";
        TlsVerdict verdict = _tls!.Shown!.JudgeBy(tls.Trust);
        string? refusal = UserLists.Refusal(Rules.Settings, _subject!)
            ?? verdict.Refusal
            ?? (verdict.User == _subject!.User ? null : "the certificate is another user's now");
        return refusal is null ? null : $"the rules have changed: {refusal}";
    }

    private void End(string why)
    {
        lock (_sync)
        {
            _whyEnded ??= why;
            _near?.Abort();
        }
    }

    private void ReportEnd(ConnectionEvent happened)
    {
        var end = new GatewayEvent
        {
            Time = happened.Time,
            Event = GatewayEventKind.Disconnected,
            BytesOut = _bytesOut,
            BytesIn = _bytesIn,
            Seconds = (_gateway.Now() - _since).TotalSeconds,
        };
        Report(happened switch
        {
            _ when _whyEnded is { } why => end with { Reason = "Expired", Detail = why },
            ConnectionRefused { Refusal: var refusal } => end with { Reason = refusal.Kind.ToString(), Detail = refusal.Reason },
            ConnectionClosed closed => end with { Reason = closed.End.ToString(), Detail = closed.Failure },
            _ => end,
        });
    }

    private void Penalize(Func<SourcePenalties, TimeSpan> penalty) =>
        _gateway.Penalties.Add(Address, penalty(_began.Global.PerSourcePenalties), _began.Global);

    // It counts no longer among those of whom nobody knows who they are.
    private void LeaveStartups() => Interlocked.Exchange(ref _leaveStartups, null)?.Invoke();

    private void Leave()
    {
        LeaveStartups();
        lock (_sync)
            _near = null;
        _tally?.Dispose();
        _gone.TrySetResult();
    }
}

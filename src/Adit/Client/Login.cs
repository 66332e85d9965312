using System.Net;
using System.Net.NetworkInformation;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Ssh.Transport;
using Adit.SshLegs;
using Microsoft.Extensions.Logging;

namespace Adit.Client;

/// <summary>
/// Logs in to a server as ssh_config says: over the jump hosts before it, with the keys and the known hosts that are configured. It can do
/// so again and again; keys that were unlocked once stay so until it is disposed. One caller at a time.
/// </summary>
internal sealed class Login : IAsyncDisposable
{
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromSeconds(1);

    private readonly IUserDialog _dialog;
    private readonly ILogger _logger;
    private readonly Login? _jump;
    private readonly Identities _identities;
    private HostKeyCheck? _hostKey;
    private bool _isWarned;
    private bool _hasLoggedIn;
    private CancellationTokenSource _connectTimeout = new();

    /// <summary>Prepares to log in.</summary>
    /// <param name="config">Where, and how.</param>
    /// <param name="dialog">Who logs in.</param>
    /// <param name="logger">Takes what the engine does.</param>
    /// <param name="jump">The server before this one; null where it is reached from here. Owned.</param>
    public Login(HostConfig config, IUserDialog dialog, ILogger logger, Login? jump = null)
    {
        Config = config;
        _dialog = dialog;
        _logger = logger;
        _jump = jump;
        _identities = new(config, AskPassphraseAsync, dialog.Notice, dialog.Debug);
    }

    /// <summary>Where to, and how.</summary>
    public HostConfig Config { get; }

    /// <summary>Serves what the server opens or asks for, besides the connections of remote forwards; null refuses it.</summary>
    public IConnectionHandler? Handler { get; init; }

    /// <summary>When the server is asked for a sign of life; null for as it is configured.</summary>
    public KeepAliveOptions? KeepAlive { get; init; }

    /// <summary>Whether somebody is to type at a terminal of the server, whose packets are marked for that (IPQoS). Default no.</summary>
    public bool IsInteractive { get; init; }

    // Where the user is to be asked, it is once: who logs in again later does so beside what the user does at the terminal.
    private bool TakesHostKeysOver => Config.UpdateHostKeys switch
    {
        UpdateHostKeys.Yes => true,
        UpdateHostKeys.Ask => !Config.BatchMode && !_hasLoggedIn,
        _ => false,
    };

    private string Account => $"{Config.User}@{Config.Alias}";

    private string KnownAs => Config.HostKeyAlias ?? Config.HostName;

    private int KnownPort => Config.HostKeyAlias is null ? Config.Port : 22;

    /// <summary>Connects and logs in.</summary>
    /// <exception cref="DialException">The server, or one before it, cannot be reached.</exception>
    /// <exception cref="SshException">It was reached, and the connection could not be made; see <see cref="SshClient.ConnectAsync"/>.</exception>
    public async Task<SshLink> ConnectAsync(CancellationToken cancellationToken)
    {
        foreach (string file in Config.Files)
            _dialog.Debug($"read configuration {file}");
        foreach (string note in Config.Notes)
            _dialog.Debug(note);
        IReadOnlyList<ClientAuthMethod> methods = await MethodsAsync(cancellationToken).ConfigureAwait(false);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ConnectOnceAsync(methods, cancellationToken).ConfigureAwait(false);
            }
            catch (DialException e) when (attempt < Config.ConnectionAttempts)
            {
                _dialog.Notice($"{e.Message}; trying again");
                await Task.Delay(BetweenAttempts, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _identities.DisposeAsync().ConfigureAwait(false);
        _connectTimeout.Dispose();
        if (_jump is not null)
            await _jump.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<SshLink> ConnectOnceAsync(IReadOnlyList<ClientAuthMethod> methods, CancellationToken stop)
    {
        Endpoint server = Endpoint.Tcp(Config.HostName, Config.Port);
        var owned = new List<IAsyncDisposable>();
        _connectTimeout.Dispose();
        _connectTimeout = new();
        try
        {
            SshLink? carrier = null;
            if (_jump is not null)
                owned.Add(carrier = await _jump.ConnectAsync(stop).ConfigureAwait(false));
            _dialog.Debug($"connecting to {server} as {Config.User}{(carrier is null ? string.Empty : $" through {carrier.Machine.Name}")}");
            if (Config.ConnectTimeout is { } limit)
                _connectTimeout.CancelAfter(limit);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _connectTimeout.Token);
            IDialer dialer = LoginDialer.Over(carrier is null ? FirstDialer() : carrier.Dialer, Config);
            DialedConnection dialed = await dialer.DialAsync(server, ConnectionOrigin.ThisProcess, either.Token).ConfigureAwait(false);
            if (dialed.Peer is { } peer)
                _dialog.Debug($"connected to {peer}");
            return await ConnectOverAsync(dialed, server, methods, owned, either.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            foreach (IAsyncDisposable one in owned)
                await one.DisposeAsync().ConfigureAwait(false);
            if (e is not OperationCanceledException || stop.IsCancellationRequested)
                throw;
            throw new DialException(server, DialFailure.TimedOut, $"the server did not answer within {Config.ConnectTimeout?.TotalSeconds:0} s (ConnectTimeout)", e);
        }
    }

    private async Task<SshLink> ConnectOverAsync(
        DialedConnection dialed, Endpoint server, IReadOnlyList<ClientAuthMethod> methods, List<IAsyncDisposable> owned, CancellationToken cancellationToken)
    {
        HostKeyCheck hostKey = _hostKey = CheckOf(dialed.Peer);
        SshClientOptions options;
        AnnouncedHostKeys? announced = null;
        try
        {
            options = await OptionsAsync(methods, hostKey, cancellationToken).ConfigureAwait(false);
            if (TakesHostKeysOver)
            {
                announced = new(options.Handler);
                owned.Insert(0, announced);
                options = options with { Handler = announced };
            }
        }
        catch
        {
            await dialed.Duplex.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        SshLink link = await SshLink.ConnectAsync(dialed, server, Config.Alias, options, () => hostKey.Verification, owned, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            Func<string, CancellationToken, ValueTask<bool>>? confirm = Config.UpdateHostKeys is UpdateHostKeys.Ask
                ? (about, token) => _dialog.ConfirmAsync($"{about}\nTake them over?", token)
                : null;
            if (announced is not null && hostKey.Update(Config.Algorithms.HostKeys, confirm) is { } update)
                announced.Follow(link.Connection, update, _dialog.Debug);
            if (announced is not null && confirm is not null)
                await announced.SettledAsync(link.Connection, cancellationToken).ConfigureAwait(false);
            await AddKeysToAgentAsync(methods, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await link.DisposeAsync().ConfigureAwait(false);
            owned.Clear();
            throw;
        }

        return link;
    }

    // Nothing is added again when a link is made anew: the agent has the key, and who took it out of there meant it.
    private async ValueTask AddKeysToAgentAsync(IReadOnlyList<ClientAuthMethod> methods, CancellationToken cancellationToken)
    {
        if (_hasLoggedIn)
            return;
        _hasLoggedIn = true;
        IEnumerable<ISshSigner> used = methods.OfType<PublicKeyMethod>().SelectMany(static method => method.Accepted);
        await _identities.AddToAgentAsync(used, Config.BatchMode ? null : _dialog.ConfirmAsync, cancellationToken).ConfigureAwait(false);
    }

    private IDialer FirstDialer() => Config.ProxyCommand is { } command ? new CommandDialer(command) : new TcpDialer(new()
    {
        Timeout = Config.ConnectTimeout ?? TcpDialerOptions.Default.Timeout,
        AddressFamily = Config.AddressFamily,
        LocalAddresses = LocalAddresses(),
        KeepAlive = Config.TcpKeepAlive,
        TrafficClass = IsInteractive ? Config.IpQos.Interactive : Config.IpQos.Bulk,
    });

    // ssh_config(5): BindInterface is of no effect beside BindAddress.
    private IPAddress[] LocalAddresses()
    {
        if (Config.BindAddress is { } address)
            return [IPAddress.Parse(address)];
        if (Config.BindInterface is not { } name)
            return [];
        NetworkInterface? network = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(network => network.Name == name);
        IPAddress[] found = [.. (network?.GetIPProperties().UnicastAddresses ?? Enumerable.Empty<UnicastIPAddressInformation>()).Select(static unicast => unicast.Address)];
        return found.Length > 0
            ? found
            : throw new DialException(Endpoint.Tcp(Config.HostName, Config.Port), DialFailure.Other, $"this machine has no interface {name} with an address (BindInterface)");
    }

    private HostKeyCheck CheckOf(IPEndPoint? peer)
    {
        var known = KnownHosts.Load([.. Config.UserKnownHostsFiles, .. Config.GlobalKnownHostsFiles], _dialog.Notice);
        return new(known, KnownAs, KnownPort, Config.StrictHostKeyChecking)
        {
            Ask = Config.BatchMode ? null : _dialog.AcceptsHostKeyAsync,
            AddTo = Config.UserKnownHostsFiles is [var first, ..] ? first : null,
            UserFiles = Config.UserKnownHostsFiles,
            Hash = Config.HashKnownHosts,
            FingerprintHash = Config.FingerprintHash,
            ShowsPicture = Config.VisualHostKey,
            RequiredRsaSize = Config.RequiredRsaSize,
            CaSignatureAlgorithms = Config.CaSignatureAlgorithms,
            Peer = peer,
            CheckAddress = Config.CheckHostIp,
            IsAlias = Config.HostKeyAlias is not null,
            TrustsLoopback = Config.NoHostAuthenticationForLocalhost,
            RevokedKeyFiles = Config.RevokedHostKeys,
            Command = Config.KnownHostsCommand is null ? null : new KnownHostsCommand(question => Config.KnownHostsWords(question.Token)),
            Notice = _dialog.Notice,
        };
    }

    private async ValueTask<SshClientOptions> OptionsAsync(IReadOnlyList<ClientAuthMethod> methods, HostKeyCheck hostKey, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> hostKeys = Config.Algorithms.HostKeys;
        if (!Config.HostKeyAlgorithmsChosen)
            hostKeys = await hostKey.PreferAsync(hostKeys, cancellationToken).ConfigureAwait(false);
        return new()
        {
            User = Config.User,
            Comment = Config.VersionAddendum,
            VerifyHostKey = VerifyHostKeyAsync,
            Authentication = methods,
            OnHostKeyProved = OnHostKeyProvedAsync,
            Algorithms = Config.Algorithms with { HostKeys = hostKeys },
            RekeyLimit = Config.RekeyLimit,
            Connection = new() { KeepAlive = KeepAlive ?? new(Config.ServerAliveInterval, Math.Max(1, Config.ServerAliveCountMax)) },
            Handler = Handler,
            OnBanner = _dialog.Server,
            Logger = _logger,
        };
    }

    private ValueTask VerifyHostKeyAsync(SshPublicKey key, CancellationToken cancellationToken)
    {
        // From here on a person may be thinking.
        _connectTimeout.CancelAfter(Timeout.InfiniteTimeSpan);
        return _hostKey!.VerifyAsync(key, cancellationToken);
    }

    private async ValueTask OnHostKeyProvedAsync(HostKeyProof proof, CancellationToken cancellationToken)
    {
        WarnOfWeakKex(proof);
        if (_identities.Agent is not { } agent)
            return;
        try
        {
            await agent.BindSessionAsync(proof.HostKey, proof.SessionId, proof.Signature, cancellationToken).ConfigureAwait(false);
        }
        catch (SshKeyException e)
        {
            _dialog.Debug($"the agent was not told of the connection: {e.Message}");
        }
    }

    // Before the login, so that the user knows it when a password is asked for. Where KexAlgorithms is written it was chosen so, as with ssh.
    private void WarnOfWeakKex(HostKeyProof proof)
    {
        if (_isWarned || proof.IsPostQuantum || !Config.WarnWeakCrypto || Config.KexAlgorithmsChosen)
            return;
        _isWarned = true;
        _dialog.Notice(
            $"warning: the key exchange with {Config.Alias} ({proof.Kex}) is not post-quantum: who records the connection now could read it once there are quantum computers. "
            + "Have the server updated (OpenSSH has mlkem768x25519-sha256 since 9.9), or write WarnWeakCrypto no to be told no more");
    }

    private async Task<IReadOnlyList<ClientAuthMethod>> MethodsAsync(CancellationToken cancellationToken)
    {
        var methods = new List<ClientAuthMethod>();
        foreach (string name in Config.Authentications)
        {
            switch (name)
            {
                case "publickey":
                    methods.Add(new PublicKeyMethod(await _identities.GatherAsync(cancellationToken).ConfigureAwait(false), Config.PubkeyAcceptedAlgorithms));
                    break;
                case "keyboard-interactive" when !Config.BatchMode:
                    methods.Add(new KeyboardInteractiveMethod((question, token) => _dialog.AnswerAsync(Account, question, token), Config.NumberOfPasswordPrompts));
                    break;
                case "password" when !Config.BatchMode:
                    methods.Add(new PasswordMethod((attempt, token) => _dialog.PasswordAsync(Account, attempt, token), Config.NumberOfPasswordPrompts));
                    break;
                default:
                    break;
            }
        }

        return methods;
    }

    private ValueTask<byte[]?> AskPassphraseAsync(string path, CancellationToken cancellationToken) =>
        Config.BatchMode ? ValueTask.FromResult<byte[]?>(null) : _dialog.PassphraseAsync(path, cancellationToken);
}

using System.Net;
using System.Runtime.InteropServices;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.SshLegs;

namespace Adit.Cli;

/// <summary><c>adit [ssh options] destination</c>: logs in, opens the forwards, and holds them until a signal or the end of the connection.</summary>
internal sealed class SshCommand : IAsyncDisposable
{
    private const int Failed = 255;

    private readonly HostConfig _config;
    private readonly Output _output;
    private readonly Identities _identities;
    private readonly HostKeyCheck _hostKey;
    private CancellationTokenSource _connectTimeout = new();
    private readonly List<Forward> _forwards = [];

    private SshCommand(HostConfig config, Output output)
    {
        _config = config;
        _output = output;
        _identities = new(config, AskPassphraseAsync, output.Notice, output.Debug);
        KnownHosts = KnownHosts.Load([.. config.UserKnownHostsFiles, .. config.GlobalKnownHostsFiles], output.Notice);
        _hostKey = new(KnownHosts, config.HostKeyAlias ?? config.HostName, config.HostKeyAlias is null ? config.Port : 22, config.StrictHostKeyChecking)
        {
            Ask = config.BatchMode ? null : AskHostKeyAsync,
            AddTo = config.UserKnownHostsFiles is [var first, ..] ? first : null,
            Hash = config.HashKnownHosts,
            RequiredRsaSize = config.RequiredRsaSize,
            CaSignatureAlgorithms = config.CaSignatureAlgorithms,
            Notice = output.Notice,
        };
    }

    private KnownHosts KnownHosts { get; }

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        SshCommandLine line;
        HostConfig config;
        Output output;
        try
        {
            line = SshCommandLine.Parse(args);
            if (Answer(line) is { } answer)
            {
                await Console.Out.WriteLineAsync(answer);
                return 0;
            }

            config = line.Resolve();
            output = new Output(line.LogFile, config.LogLevel);
        }
        catch (Exception e) when (e is UsageException or ConfigException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"adit: {e.Message}");
            return Failed;
        }

        foreach (string warning in config.Warnings)
            output.Notice($"warning: {warning}");
        using (output)
        await using (var command = new SshCommand(config, output))
            return await command.RunUntilEndAsync();
    }

    /// <summary>What needs no connection; null for all else.</summary>
    private static string? Answer(SshCommandLine line) => line.Request switch
    {
        CommandLineRequest.Help => HelpText.Text,
        CommandLineRequest.Version => HelpText.Version,
        CommandLineRequest.Query => string.Join('\n', AlgorithmQuery.Lines(line.QueryWord)),
        CommandLineRequest.Config => string.Join('\n', EffectiveConfig.Lines(line.Resolve())),
        _ => null,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (Forward forward in _forwards)
            await forward.DisposeAsync();
        await _identities.DisposeAsync();
        _connectTimeout.Dispose();
    }

    private async Task<int> RunUntilEndAsync()
    {
        using var stop = new CancellationTokenSource();
        PosixSignal? ended = null;
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            ended = context.Signal;
            stop.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        try
        {
            await using SshLink link = await ConnectAsync(stop.Token);
            return await HoldAsync(link, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _output.Notice($"ended by {ended}");
            return Failed;
        }
        catch (Exception e) when (e is SshException or DialException or FormatException)
        {
            _output.Error($"{_config.Alias}: {Printable.Text(e.Message)}");
            return Failed;
        }
    }

    private async Task<SshLink> ConnectAsync(CancellationToken stop)
    {
        foreach (string file in _config.Files)
            _output.Debug($"read configuration {file}");
        foreach (string note in _config.Notes)
            _output.Debug(note);
        IReadOnlyList<ClientAuthMethod> methods = await MethodsAsync(stop);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ConnectOnceAsync(methods, stop);
            }
            catch (DialException e) when (attempt < _config.ConnectionAttempts)
            {
                _output.Notice($"{e.Message}; trying again");
                await Task.Delay(TimeSpan.FromSeconds(1), stop);
            }
        }
    }

    private async Task<SshLink> ConnectOnceAsync(IReadOnlyList<ClientAuthMethod> methods, CancellationToken stop)
    {
        Endpoint server = Endpoint.Tcp(_config.HostName, _config.Port);
        _output.Debug($"connecting to {server} as {_config.User}");
        _connectTimeout.Dispose();
        _connectTimeout = new();
        if (_config.ConnectTimeout is { } limit)
            _connectTimeout.CancelAfter(limit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _connectTimeout.Token);
        try
        {
            var dialer = new TcpDialer(new()
            {
                Timeout = _config.ConnectTimeout ?? TcpDialerOptions.Default.Timeout,
                AddressFamily = _config.AddressFamily,
                LocalAddress = _config.BindAddress is null ? null : IPAddress.Parse(_config.BindAddress),
                KeepAlive = _config.TcpKeepAlive,
            });
            return await SshLink.ConnectAsync(server, _config.Alias, dialer, Options(methods), () => _hostKey.Verification, either.Token);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw new DialException(server, DialFailure.TimedOut, $"the server did not answer within {_config.ConnectTimeout?.TotalSeconds:0} s (ConnectTimeout)", e);
        }
    }

    private SshClientOptions Options(IReadOnlyList<ClientAuthMethod> methods)
    {
        IReadOnlyList<string> hostKeys = _config.Algorithms.HostKeys;
        if (!_config.HostKeyAlgorithmsChosen)
            hostKeys = KnownHosts.Prefer(_config.HostKeyAlias ?? _config.HostName, _config.HostKeyAlias is null ? _config.Port : 22, hostKeys);
        return new()
        {
            User = _config.User,
            VerifyHostKey = VerifyHostKeyAsync,
            Authentication = methods,
            OnHostKeyProved = OnHostKeyProvedAsync,
            Algorithms = _config.Algorithms with { HostKeys = hostKeys },
            RekeyLimit = _config.RekeyLimit,
            Connection = new() { KeepAlive = new(_config.ServerAliveInterval, Math.Max(1, _config.ServerAliveCountMax)) },
            OnBanner = _output.Server,
            Logger = _output,
        };
    }

    private ValueTask VerifyHostKeyAsync(SshPublicKey key, CancellationToken cancellationToken)
    {
        // From here on a person may be thinking.
        _connectTimeout.CancelAfter(Timeout.InfiniteTimeSpan);
        return _hostKey.VerifyAsync(key, cancellationToken);
    }

    private async ValueTask OnHostKeyProvedAsync(HostKeyProof proof, CancellationToken cancellationToken)
    {
        if (_identities.Agent is not { } agent)
            return;
        try
        {
            await agent.BindSessionAsync(proof.HostKey, proof.SessionId, proof.Signature, cancellationToken);
        }
        catch (SshKeyException e)
        {
            _output.Debug($"the agent was not told of the connection: {e.Message}");
        }
    }

    private async Task<IReadOnlyList<ClientAuthMethod>> MethodsAsync(CancellationToken cancellationToken)
    {
        var methods = new List<ClientAuthMethod>();
        foreach (string name in _config.Authentications)
        {
            switch (name)
            {
                case "publickey":
                    methods.Add(new PublicKeyMethod(await _identities.GatherAsync(cancellationToken), _config.PubkeyAcceptedAlgorithms));
                    break;
                case "keyboard-interactive" when !_config.BatchMode:
                    methods.Add(new KeyboardInteractiveMethod(AnswerAsync, _config.NumberOfPasswordPrompts));
                    break;
                case "password" when !_config.BatchMode:
                    methods.Add(new PasswordMethod(AskPasswordAsync, _config.NumberOfPasswordPrompts));
                    break;
                default:
                    break;
            }
        }

        return methods;
    }

    private async Task<int> HoldAsync(SshLink link, CancellationToken stop)
    {
        ConnectionInfo info = link.Connection.Info;
        _output.Debug($"logged in to {_config.HostName} as {_config.User}; server {info.PeerIdentification}, {info.Kex}, {info.CipherToServer}");
        long opened = TimeProvider.System.GetTimestamp();
        if (!await OpenForwardsAsync(link, stop))
            return Failed;

        Task<SshClosedException> closed = link.Connection.Closed;
        await Task.WhenAny(closed, Task.Delay(Timeout.Infinite, stop));
        if (!closed.IsCompleted)
        {
            stop.ThrowIfCancellationRequested();
            return 0;
        }

        SshClosedException reason = await closed;
        _output.Error($"connection to {_config.Alias} lost, it was up for {Duration(TimeProvider.System.GetElapsedTime(opened))}: {Printable.Text(reason.Message)}");
        return Failed;
    }

    private async Task<bool> OpenForwardsAsync(SshLink link, CancellationToken stop)
    {
        foreach ((ForwardSpec spec, ConfigSource source) in _config.LocalForwards)
        {
            try
            {
                await OpenForwardAsync(link, spec, stop);
            }
            catch (ListenException e)
            {
                _output.Error($"{e.Message} ({source})");
                if (_config.ExitOnForwardFailure)
                    return false;
            }
        }

        return _forwards.Count > 0 || _config.LocalForwards.IsEmpty;
    }

    private async Task OpenForwardAsync(SshLink link, ForwardSpec spec, CancellationToken stop)
    {
        ListenSpec listen = spec.Listen;
        _output.Debug($"local forward {spec}: connections to {listen} go to {spec.Target}");
        LocalListener listener = await LocalListener.BindAsync(listen, new() { AddressFamily = _config.AddressFamily }, stop);
        Admission admission = listener.IsExposed ? Admission.AnyPeer : Admission.SameUser;
        _forwards.Add(Forward.Start(listener, spec.Target, link.Dialer, new() { Admission = admission, Events = _output }));
        _output.Debug($"listening on {string.Join(", ", listener.Endpoints)}");
        if (listener.IsExposed)
            _output.Notice($"warning: {listen} can be reached from other machines, by anyone");
        var near = new Leg("app", listener.Endpoints[0].ToString(), LegProtection.None) { Within = listener.IsExposed ? null : "this machine" };
        _output.Notice(new Route([near, .. link.Dialer.RouteTo(spec.Target!).Legs]).ToString());
    }

    private async ValueTask<bool> AskHostKeyAsync(string about, CancellationToken cancellationToken)
    {
        const string fingerprint = "SHA256:";
        int start = about.IndexOf(fingerprint, StringComparison.Ordinal);
        string shown = start < 0 ? string.Empty : about[start..].Split('.', '\n')[0];
        return await Prompt.YesNoAsync($"{about}\nConnect and remember it (yes/no/[fingerprint])? ", shown, cancellationToken);
    }

    private ValueTask<byte[]?> AskPassphraseAsync(string path, CancellationToken cancellationToken) =>
        _config.BatchMode ? ValueTask.FromResult<byte[]?>(null) : Prompt.SecretAsync($"Passphrase for key {path}: ", cancellationToken);

    private ValueTask<byte[]?> AskPasswordAsync(int attempt, CancellationToken cancellationToken)
    {
        if (attempt > 0)
            _output.Notice("permission denied, please try again");
        return Prompt.SecretAsync($"{_config.User}@{_config.Alias}'s password: ", cancellationToken);
    }

    private async ValueTask<byte[][]?> AnswerAsync(KeyboardInteractiveQuestion question, CancellationToken cancellationToken)
    {
        foreach (string text in (string[])[question.Name, question.Instruction])
        {
            if (text.Length > 0)
                _output.Server(text);
        }

        byte[][] answers = new byte[question.Prompts.Count][];
        for (int i = 0; i < answers.Length; i++)
        {
            KeyboardInteractivePrompt prompt = question.Prompts[i];
            string text = $"({_config.User}@{_config.Alias}) {Printable.Text(prompt.Text)}";
            byte[]? answer = prompt.Echo ? await Prompt.TextAsync(text, cancellationToken) : await Prompt.SecretAsync(text, cancellationToken);
            if (answer is null)
                return null;
            answers[i] = answer;
        }

        return answers;
    }

    private static string Duration(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0.0} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{(long)time.TotalHours} h {time.Minutes} min",
    };
}

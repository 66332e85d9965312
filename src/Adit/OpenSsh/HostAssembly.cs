using System.Collections.Immutable;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Ssh.Connection;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>Makes the configuration of a destination from what was written: defaults, tokens, and what follows from each other.</summary>
internal sealed class HostAssembly
{
    private const string CertificateMark = "-cert-v01@openssh.com";
    private const int DefaultPort = 22;

    private static readonly string[] ServedAuthentications = ["publickey", "keyboard-interactive", "password"];

    private readonly HostQuery _query;
    private readonly LocalUser _local;
    private readonly HostSettings _written;
    private readonly Tokens _tokens;
    private readonly HostPaths _paths;
    private readonly List<string> _notes = [];

    private HostAssembly(HostQuery query, LocalUser local, HostSettings written, string hostName)
    {
        (_query, _local, _written) = (query, local, written);
        string? hostKeyAlias = written.HostKeyAlias.Given?.Value.ToLowerInvariant();
        Tokens tokens = new(local, query.Alias, hostName, written.Port.Or(DefaultPort), local.Name, hostKeyAlias)
        {
            JumpHost = written.ProxyJump.Or([]) is [.., var last] ? last.Host : "",
        };
        _tokens = tokens with { User = User(tokens) };
        _paths = new(written, _tokens);
    }

    /// <summary>Makes it.</summary>
    /// <param name="query">What was asked for.</param>
    /// <param name="local">Who connects.</param>
    /// <param name="written">What was written.</param>
    /// <param name="hostName">The name to connect to.</param>
    /// <exception cref="ConfigException">Values cannot be understood, or do not go together.</exception>
    internal static HostConfig Assemble(HostQuery query, LocalUser local, HostSettings written, string hostName) =>
        new HostAssembly(query, local, written, hostName).Assemble();

    private HostConfig Assemble()
    {
        HostSettings s = _written;
        bool clear = s.ClearAllForwardings.Or(_query.StdioForward is not null);
        bool gatewayPorts = s.GatewayPorts.Or(false);
        SessionType session = s.SessionType.Or(SessionType.Default);
        HostConfig config = new()
        {
            Alias = _query.Alias,
            HostName = _tokens.HostName,
            Port = _tokens.Port,
            User = _tokens.User,
            HostKeyAlias = _tokens.HostKeyAlias,
            Tokens = _tokens,
            Written = s,
            Tag = s.Tag.Given?.Value,
            IdentityFiles = _paths.Identities(),
            CertificateFiles = _paths.Certificates(),
            IdentitiesOnly = s.IdentitiesOnly.Or(false),
            IdentityAgent = _paths.Agent(),
            AddKeysToAgent = s.AddKeysToAgent.Or(default),
            UserKnownHostsFiles = _paths.UserKnownHosts(),
            GlobalKnownHostsFiles = _paths.GlobalKnownHosts(),
            KnownHostsCommand = s.KnownHostsCommand.Given is { Value: { } command, Source: var at } ? new(command, at) : null,
            RevokedHostKeys = _paths.RevokedHostKeys(),
            StrictHostKeyChecking = s.StrictHostKeyChecking.Or(HostKeyChecking.Ask),
            HashKnownHosts = s.HashKnownHosts.Or(false),
            CheckHostIp = s.CheckHostIp.Or(false),
            NoHostAuthenticationForLocalhost = s.NoHostAuthenticationForLocalhost.Or(false),
            FingerprintHash = s.FingerprintHash.Or(FingerprintHash.Sha256),
            VisualHostKey = s.VisualHostKey.Or(false),
            LocalForwards = clear ? [] : Forwards(s.LocalForwards, ForwardSpec.ParseLocal, gatewayPorts),
            RemoteForwards = clear ? [] : Forwards(s.RemoteForwards, ForwardSpec.ParseRemote, gatewayPorts: false),
            DynamicForwards = clear ? [] : Forwards(s.DynamicForwards, ForwardSpec.ParseDynamic, gatewayPorts),
            PermitRemoteOpens = s.PermitRemoteOpen.Or(null) is { } opens ? [.. opens] : null,
            StdioForward = _query.StdioForward,
            ClearAllForwardings = clear,
            ExitOnForwardFailure = s.ExitOnForwardFailure.Or(_query.StdioForward is not null),
            GatewayPorts = gatewayPorts,
            StreamLocalBindMask = s.StreamLocalBindMask.Or(0x7f),
            StreamLocalBindUnlink = s.StreamLocalBindUnlink.Or(false),
            ChannelTimeouts = s.ChannelTimeouts.Or([]),
            Reconnect = s.Reconnect.Or(session == SessionType.None && _query.StdioForward is null),
            ReconnectWait = s.ReconnectWait.Or(TimeSpan.FromSeconds(15)),
            IdleTimeout = s.IdleTimeout.Or(null),
            Lifetime = s.Lifetime.Or(null),
            Admit = s.Admit.Given is { Value: { } rule, Source: var ruled } ? new(rule, ruled) : null,
            MaxConnections = s.MaxConnections.Or(ForwardOptions.ConnectionCap),
            ExpectPostgres = s.ExpectPostgres.Or(null),
            ExpectCert = s.ExpectCert.Or(null),
            TargetTls = s.TargetTls.Or(null),
            TargetTlsRoot = Path(s.TargetTlsRoot),
            TargetTlsCert = Path(s.TargetTlsCert),
            TargetTlsKey = Path(s.TargetTlsKey),
            ViaTls = s.ViaTls.Or(null) is var (host, port) ? Endpoint.Tcp(host ?? _tokens.HostName, port) : null,
            ViaTlsRoot = Path(s.ViaTlsRoot),
            Proxy = Proxy(),
            ServerAliveInterval = s.ServerAliveInterval.Or(TimeSpan.Zero),
            ServerAliveCountMax = s.ServerAliveCountMax.Or(3),
            TcpKeepAlive = s.TcpKeepAlive.Or(true),
            ConnectTimeout = s.ConnectTimeout.Or(null),
            ConnectionAttempts = s.ConnectionAttempts.Or(1),
            AddressFamily = s.AddressFamily.Or(AddressFamily.Unspecified),
            BindAddress = s.BindAddress.Given?.Value,
            BindInterface = s.BindInterface.Given?.Value,
            Jumps = Jumps(),
            ProxyCommand = ProxyCommand(),
            IpQos = s.IpQos.Or(IpQos.Default),
            VersionAddendum = VersionAddendum(),
            WarnWeakCrypto = s.WarnWeakCrypto.Or(true),
            ControlMaster = s.ControlMaster.Or(ControlMaster.No),
            ControlPath = _paths.ControlPath(),
            ControlPersist = s.ControlPersist.Or(null),
            RequiredRsaSize = s.RequiredRsaSize.Or(1024),
            RekeyLimit = s.RekeyLimit.Or(RekeyLimit.Default),
            KexAlgorithmsChosen = s.KexAlgorithms.Given is not null,
            HostKeyAlgorithmsChosen = s.HostKeyAlgorithms.Given is not null,
            Algorithms = Algorithms(),
            PubkeyAcceptedAlgorithms = AlgorithmList.Resolve(
                s.PubkeyAcceptedAlgorithms.Given, "PubkeyAcceptedAlgorithms", AlgorithmPreferences.Default.HostKeys, _notes),
            CaSignatureAlgorithms = CaAlgorithms(),
            Authentications = Authentications(),
            BatchMode = s.BatchMode.Or(false),
            NumberOfPasswordPrompts = s.NumberOfPasswordPrompts.Or(3),
            LogLevel = s.LogLevel.Or(LogVerbosity.Info),
            SyslogFacility = s.SyslogFacility.Or("USER"),
            SessionType = session,
            Command = Command(),
            RequestTty = s.RequestTty.Or(RequestTty.Auto),
            StdinNull = s.StdinNull.Or(false),
            ForkAfterAuthentication = s.ForkAfterAuthentication.Or(false),
            EscapeChar = s.EscapeChar.Or('~'),
            EnableEscapeCommandline = s.EnableEscapeCommandline.Or(false),
            SendEnv = [.. s.SendEnv.Values.Select(name => name.Value)],
            SetEnv = Variables(),
            PermitLocalCommand = s.PermitLocalCommand.Or(false),
            LocalCommand = s.PermitLocalCommand.Or(false) && s.LocalCommand.Given is { Value: { } local, Source: var source }
                ? _tokens.Expand(local, source, Tokens.OfLocalCommand)
                : null,
        };
        config = config with { UpdateHostKeys = Updates(config) };
        // Its words are replaced when it runs; that they can be is known now.
        _ = config.KnownHostsWords(token => "fHIKt".Contains(token, StringComparison.Ordinal) ? "" : null);
        _notes.AddRange(s.Ignored.Select(ignored => $"{ignored.Value.Source}: {ignored.Key} has no effect: {ignored.Value.Value}"));
        return config with { Notes = [.. _notes], Warnings = [.. s.Warnings.Distinct(StringComparer.Ordinal)] };
    }

    /// <summary>Those of the destination itself are taken as they are; what a file or -o says may hold tokens.</summary>
    private string User(Tokens tokens)
    {
        if (_written.User.Given is not { Value: var name, Source: var source })
            return _local.Name;
        if (source.Line == 0 && source != ConfigSource.CommandLine)
            return name;
        string expanded = tokens.Expand(Tokens.Variables(name, _local, source), source, Tokens.OfUser);
        return expanded == name || DestinationName.IsUser(expanded) ? expanded : throw new ConfigException(source, $"\"{expanded}\" is not a user");
    }

    /// <summary>As in ssh: files that the user chose are not written to unasked, and nobody is asked in the midst of something else.</summary>
    private UpdateHostKeys Updates(HostConfig config)
    {
        bool areUsual = _written.UserKnownHostsFiles.Or([]) is [] or ["~/.ssh/known_hosts"];
        UpdateHostKeys wanted = _written.UpdateHostKeys.Or(areUsual ? UpdateHostKeys.Yes : UpdateHostKeys.No);
        bool canAsk = (config.ControlPersist is null || config.ControlPath is null) && config.Command is null
            && config.RequestTty != RequestTty.No && config.LogLevel >= LogVerbosity.Info;
        return wanted == UpdateHostKeys.Ask && !canAsk ? UpdateHostKeys.No : wanted;
    }

    private ImmutableArray<JumpHost> Jumps()
    {
        if (_written.ProxyJump.Given is not { Value: [.., var last] hops, Source: var source })
            return [];
        if (last.Host == _tokens.HostName && (last.Port ?? DefaultPort) == _tokens.Port && (last.User ?? _tokens.User) == _tokens.User)
            throw new ConfigException(source, $"ProxyJump goes by way of {last}, which is the destination itself");
        return [.. hops.Select(hop => hop with { Host = Proxy(hop.Host), User = hop.User is { } user ? Proxy(user) : null })];

        string Proxy(string text) => _tokens.Expand(text, source, Tokens.OfProxy);
    }

    private string? ProxyCommand()
    {
        // ProxyJump none leaves ProxyCommand alone.
        if (_written.ProxyCommand.Given is not { Value: { } command, Source: var source })
            return null;
        if (_written.ProxyUseFdpass.Given is { Value: true, Source: var fdpass })
            throw new ConfigException(fdpass, "ProxyUseFdpass applies to this destination: a connection cannot be taken over from ProxyCommand; let the command copy it, and write ProxyUseFdpass no");
        return _tokens.Expand(command, source, Tokens.OfProxy);
    }

    private string? Path(FirstValue<string?> file) => file.Given is { Value: { } path, Source: var source } ? _tokens.ExpandPath(path, source) : null;

    private ProxyAddress? Proxy()
    {
        if (_written.Proxy.Given is not { Value: { } proxy, Source: var source })
            return null;
        return _written.ProxyCommand.Given is { Value: not null }
            ? throw new ConfigException(source, "AditProxy and ProxyCommand apply both to this destination: write one of them as none")
            : proxy;
    }

    private string? Command()
    {
        if (_written.RemoteCommand.Given is not { Value: { } remote, Source: var source })
            return _query.Command.Length > 0 ? _query.Command : null;
        return _query.Command.Length == 0
            ? _tokens.Expand(remote, source)
            : throw new ConfigException(source, $"RemoteCommand applies to this destination, and there is a command behind it too: \"{_query.Command}\"; add -o RemoteCommand=none");
    }

    private ImmutableArray<KeyValuePair<string, string>> Variables() =>
        _written.SetEnv.Given is { Value: var variables, Source: var source }
            ? [.. variables.Select(variable => KeyValuePair.Create(variable.Key, _tokens.ExpandAll(variable.Value, source)))]
            : [];

    // It is a line of the protocol, and what a variable holds is not this file's to know.
    private string? VersionAddendum()
    {
        if (_written.VersionAddendum.Given is not { Value.Length: > 0 } written)
            return null;
        string text = _tokens.ExpandAll(written.Value, written.Source);
        return SshClientOptions.IsComment(text)
            ? text
            : throw new ConfigException(
                written.Source, $"VersionAddendum: with its tokens replaced, it is not 1 to {SshClientOptions.MaxCommentLength} printable ASCII characters");
    }

    private ImmutableArray<Sourced<ForwardSpec>> Forwards(ValueList<string> written, Func<string, ForwardSpec> parse, bool gatewayPorts) =>
        [.. written.Values.Select(forward => new Sourced<ForwardSpec>(Forward(forward, parse, gatewayPorts), forward.Source)).DistinctBy(forward => forward.Value)];

    private ForwardSpec Forward(Sourced<string> written, Func<string, ForwardSpec> parse, bool gatewayPorts)
    {
        try
        {
            ForwardSpec forward = parse(Tokens.Variables(written.Value, _local, written.Source));
            ListenSpec listen = forward.Listen switch
            {
                { Path: { } path } => ListenSpec.Unix(_tokens.ExpandPath(path, written.Source)),
                { BindAddress: null } port when gatewayPorts => ListenSpec.Tcp(port.Port, ""),
                var other => other,
            };
            return new(listen, forward.Target is { Path: { } target } ? Endpoint.Unix(_tokens.Expand(target, written.Source)) : forward.Target);
        }
        catch (FormatException e)
        {
            throw new ConfigException(written.Source, e.Message, e);
        }
    }

    private AlgorithmPreferences Algorithms()
    {
        AlgorithmPreferences all = AlgorithmPreferences.Default;
        return new()
        {
            Kex = AlgorithmList.Resolve(_written.KexAlgorithms.Given, "KexAlgorithms", all.Kex, _notes),
            HostKeys = AlgorithmList.Resolve(_written.HostKeyAlgorithms.Given, "HostKeyAlgorithms", all.HostKeys, _notes),
            Ciphers = AlgorithmList.Resolve(_written.Ciphers.Given, "Ciphers", all.Ciphers, _notes),
            Macs = AlgorithmList.Resolve(_written.Macs.Given, "MACs", all.Macs, _notes),
        };
    }

    private ImmutableArray<string> CaAlgorithms() => AlgorithmList.Resolve(
        _written.CaSignatureAlgorithms.Given,
        "CASignatureAlgorithms",
        [.. AlgorithmPreferences.Default.HostKeys.Where(name => !name.EndsWith(CertificateMark, StringComparison.Ordinal))],
        _notes);

    /// <summary>Those that are preferred, enabled and, in batch mode, ask nobody.</summary>
    private ImmutableArray<string> Authentications()
    {
        HostSettings s = _written;
        bool batch = s.BatchMode.Or(false);
        return
        [
            .. s.PreferredAuthentications.Or(ServedAuthentications).Distinct(StringComparer.Ordinal).Where(method => method switch
            {
                "publickey" => s.PubkeyAuthentication.Or(PubkeyAuthentication.Yes) != PubkeyAuthentication.No,
                "keyboard-interactive" => s.KbdInteractiveAuthentication.Or(true) && !batch,
                "password" => s.PasswordAuthentication.Or(true) && !batch,
                _ => false,
            }),
        ];
    }
}

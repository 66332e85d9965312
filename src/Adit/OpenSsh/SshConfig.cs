using System.Collections.Immutable;
using Adit.Relay;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>Finds what the options of the command and the files of ssh_config(5) say about one destination.</summary>
internal static class SshConfig
{
    private const string CertificateMark = "-cert-v01@openssh.com";
    private static readonly string[] DefaultIdentities = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];
    private static readonly string[] DefaultUserKnownHosts = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
    private static readonly string[] DefaultGlobalKnownHosts = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
    private static readonly string[] ServedAuthentications = ["publickey", "keyboard-interactive", "password"];

    /// <summary>Reads all and resolves it. For each keyword the first value wins: options, then the user's file, then the system's.</summary>
    /// <param name="alias">The destination, a host name or what a Host line makes of it.</param>
    /// <param name="options">Options of the command, in their order; user and port of the destination among them.</param>
    /// <param name="file">The argument of -F: the only file to read, or <c>none</c>; null for the usual ones.</param>
    /// <param name="local">Who connects; null for this process's user.</param>
    /// <param name="systemDirectory">Where the system's ssh_config is.</param>
    /// <exception cref="ConfigException">Something cannot be read, understood or served; the message names the place.</exception>
    internal static HostConfig Resolve(
        string alias, IReadOnlyList<ConfigLine> options, string? file = null, LocalUser? local = null, string systemDirectory = "/etc/ssh")
    {
        local ??= LocalUser.Current();
        if (alias.Length is 0 or > Endpoint.MaxHostLength || alias.StartsWith('-') || alias.Any(char.IsControl))
            throw new ConfigException(ConfigSource.CommandLine, $"\"{alias}\" is not a destination");
        HostSettings settings = new();
        ConfigReader reader = new(alias, local, settings);
        reader.ReadOptions(options);
        ReadFiles(reader, file, local, systemDirectory);
        if (reader.WantsFinal)
        {
            reader.BeginFinal(HostName(alias, settings));
            ReadFiles(reader, file, local, systemDirectory);
        }
        RefuseUnserved(settings);
        return Assemble(alias, local, settings, reader);
    }

    private static void ReadFiles(ConfigReader reader, string? file, LocalUser local, string systemDirectory)
    {
        string userDirectory = Path.Join(local.Home, ".ssh");
        if (file is null)
        {
            reader.ReadFile(Path.Join(userDirectory, "config"), userDirectory, checkOwner: true);
            reader.ReadFile(Path.Join(systemDirectory, "ssh_config"), systemDirectory, checkOwner: false);
        }
        else if (!KeywordValue.IsNone(file) && !reader.ReadFile(file, userDirectory, checkOwner: false))
        {
            throw new ConfigException($"{file}: the configuration file of -F does not exist");
        }
    }

    private static string HostName(string alias, HostSettings settings)
    {
        Sourced<string> written = settings.HostName.Given ?? new(alias.Replace("%", "%%", StringComparison.Ordinal), ConfigSource.CommandLine);
        try
        {
            return Endpoint.Tcp(Tokens.ExpandHostName(written.Value, alias, written.Source).ToLowerInvariant(), settings.Port.Or(22)).Host!;
        }
        catch (FormatException e)
        {
            throw new ConfigException(written.Source, e.Message, e);
        }
    }

    private static void RefuseUnserved(HostSettings settings)
    {
        foreach (FirstValue<Refusal> refusal in settings.Refusals.Values)
        {
            if (refusal.Given is { Value.Why: { } why, Source: var source })
                throw new ConfigException(source, why);
        }
        if (!settings.ClearAllForwardings.Or(false) && settings.UnservedForwards.Values is [var forward, ..])
            throw new ConfigException(forward.Source, $"this version serves neither remote nor dynamic forwards: \"{forward.Value}\"");
    }

    private static HostConfig Assemble(string alias, LocalUser local, HostSettings s, ConfigReader reader)
    {
        List<string> notes = [.. reader.Notes];
        notes.AddRange(s.Ignored.Select(ignored => $"{ignored.Value}: {ignored.Key} has no effect in this version"));
        string? hostKeyAlias = s.HostKeyAlias.Given?.Value.ToLowerInvariant();
        Tokens tokens = new(local, alias, HostName(alias, s), s.Port.Or(22), s.User.Or(local.Name), hostKeyAlias);
        bool gatewayPorts = s.GatewayPorts.Or(false);
        AlgorithmPreferences all = AlgorithmPreferences.Default;
        return new HostConfig
        {
            Alias = alias,
            HostName = tokens.HostName,
            Port = tokens.Port,
            User = tokens.User,
            HostKeyAlias = hostKeyAlias,
            IdentityFiles = Identities(s, tokens),
            CertificateFiles = Paths(s.CertificateFiles, tokens),
            IdentitiesOnly = s.IdentitiesOnly.Or(false),
            IdentityAgent = Agent(s.IdentityAgent.Given, tokens),
            UserKnownHostsFiles = KnownHostsFiles(s.UserKnownHostsFiles.Given, DefaultUserKnownHosts, tokens.ExpandPath),
            GlobalKnownHostsFiles = KnownHostsFiles(
                s.GlobalKnownHostsFiles.Given, DefaultGlobalKnownHosts, (path, source) => Tokens.ExpandTilde(path, local, source)),
            StrictHostKeyChecking = s.StrictHostKeyChecking.Or(HostKeyChecking.Ask),
            HashKnownHosts = s.HashKnownHosts.Or(false),
            LocalForwards = s.ClearAllForwardings.Or(false) ? [] : Forwards(s.LocalForwards, tokens, gatewayPorts),
            ExitOnForwardFailure = s.ExitOnForwardFailure.Or(false),
            GatewayPorts = gatewayPorts,
            ServerAliveInterval = s.ServerAliveInterval.Or(TimeSpan.Zero),
            ServerAliveCountMax = s.ServerAliveCountMax.Or(3),
            TcpKeepAlive = s.TcpKeepAlive.Or(true),
            ConnectTimeout = s.ConnectTimeout.Or(null),
            ConnectionAttempts = s.ConnectionAttempts.Or(1),
            AddressFamily = s.AddressFamily.Or(System.Net.Sockets.AddressFamily.Unspecified),
            BindAddress = s.BindAddress.Given?.Value,
            Algorithms = new AlgorithmPreferences
            {
                Kex = AlgorithmList.Resolve(s.KexAlgorithms.Given, "KexAlgorithms", all.Kex, notes),
                HostKeys = AlgorithmList.Resolve(s.HostKeyAlgorithms.Given, "HostKeyAlgorithms", all.HostKeys, notes),
                Ciphers = AlgorithmList.Resolve(s.Ciphers.Given, "Ciphers", all.Ciphers, notes),
                Macs = AlgorithmList.Resolve(s.Macs.Given, "MACs", all.Macs, notes),
            },
            HostKeyAlgorithmsChosen = s.HostKeyAlgorithms.Given is not null,
            PubkeyAcceptedAlgorithms =
                AlgorithmList.Resolve(s.PubkeyAcceptedAlgorithms.Given, "PubkeyAcceptedAlgorithms", all.HostKeys, notes),
            CaSignatureAlgorithms = AlgorithmList.Resolve(
                s.CaSignatureAlgorithms.Given,
                "CASignatureAlgorithms",
                [.. all.HostKeys.Where(name => !name.EndsWith(CertificateMark, StringComparison.Ordinal))],
                notes),
            RequiredRsaSize = s.RequiredRsaSize.Or(1024),
            RekeyLimit = s.RekeyLimit.Or(RekeyLimit.Default),
            Authentications = Authentications(s),
            BatchMode = s.BatchMode.Or(false),
            NumberOfPasswordPrompts = s.NumberOfPasswordPrompts.Or(3),
            LogLevel = s.LogLevel.Or(LogVerbosity.Info),
            SessionType = s.SessionType.Or(SessionType.Default),
            Notes = [.. notes],
            Files = [.. reader.Files],
        };
    }

    private static ImmutableArray<Sourced<string>> Identities(HostSettings s, Tokens tokens) =>
        s.IdentityFiles.Values.Count > 0
            ? Paths(s.IdentityFiles, tokens)
            : [.. DefaultIdentities.Select(path => new Sourced<string>(tokens.ExpandPath(path, ConfigSource.Default), ConfigSource.Default))];

    private static ImmutableArray<Sourced<string>> Paths(ValueList<string> written, Tokens tokens) =>
    [
        .. written.Values
            .Where(path => !KeywordValue.IsNone(path.Value))
            .Select(path => path with { Value = tokens.ExpandPath(path.Value, path.Source) }),
    ];

    private static string? Agent(Sourced<string>? written, Tokens tokens)
    {
        string? path = written switch
        {
            null or { Value: "SSH_AUTH_SOCK" } => tokens.Local.Variable("SSH_AUTH_SOCK"),
            { Value: var value } when KeywordValue.IsNone(value) => null,
            { Value: ['$', not '{', ..] and var value } => tokens.Local.Variable(value[1..]),
            { } given => tokens.ExpandPath(given.Value, given.Source),
        };
        return string.IsNullOrEmpty(path) ? null : path;
    }

    private static ImmutableArray<string> KnownHostsFiles(
        Sourced<IReadOnlyList<string>>? written, string[] otherwise, Func<string, ConfigSource, string> expand) =>
        written switch
        {
            null => [.. otherwise.Select(path => expand(path, ConfigSource.Default))],
            { Value: [var only] } when KeywordValue.IsNone(only) => [],
            { } given => [.. given.Value.Select(path => expand(path, given.Source))],
        };

    private static ImmutableArray<Sourced<ForwardSpec>> Forwards(ValueList<string> written, Tokens tokens, bool gatewayPorts) =>
        [.. written.Values.Select(forward => new Sourced<ForwardSpec>(Forward(forward, tokens, gatewayPorts), forward.Source)).DistinctBy(forward => forward.Value)];

    private static ForwardSpec Forward(Sourced<string> written, Tokens tokens, bool gatewayPorts)
    {
        try
        {
            ForwardSpec forward = ForwardSpec.ParseLocal(Tokens.Variables(written.Value, tokens.Local, written.Source));
            ListenSpec listen = forward.Listen switch
            {
                { Path: { } path } => ListenSpec.Unix(tokens.ExpandPath(path, written.Source)),
                { BindAddress: null } port when gatewayPorts => ListenSpec.Tcp(port.Port, "*"),
                var other => other,
            };
            return new(listen, forward.Target is { Path: { } target } ? Endpoint.Unix(tokens.Expand(target, written.Source)) : forward.Target);
        }
        catch (FormatException e)
        {
            throw new ConfigException(written.Source, e.Message, e);
        }
    }

    /// <summary>Those that are preferred, enabled and, in batch mode, ask nobody.</summary>
    private static ImmutableArray<string> Authentications(HostSettings s)
    {
        bool batch = s.BatchMode.Or(false);
        return
        [
            .. s.PreferredAuthentications.Or(ServedAuthentications).Distinct(StringComparer.Ordinal).Where(method => method switch
            {
                "publickey" => s.PubkeyAuthentication.Or(true),
                "keyboard-interactive" => s.KbdInteractiveAuthentication.Or(true) && !batch,
                "password" => s.PasswordAuthentication.Or(true) && !batch,
                _ => false,
            }),
        ];
    }
}

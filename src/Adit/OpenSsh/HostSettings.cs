using System.Collections.Immutable;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>A value of which the first one that is offered stays.</summary>
internal sealed class FirstValue<T>
{
    internal Sourced<T>? Given { get; private set; }

    internal void Offer(T value, ConfigSource source) => Given ??= new(value, source);

    internal T Or(T otherwise) => Given is { } given ? given.Value : otherwise;
}

/// <summary>Values that add up, each one once.</summary>
internal sealed class ValueList<T>
{
    private readonly List<Sourced<T>> _values = [];

    internal IReadOnlyList<Sourced<T>> Values => _values;

    internal void Add(T value, ConfigSource source)
    {
        if (!_values.Exists(known => EqualityComparer<T>.Default.Equals(known.Value, value)))
            _values.Add(new(value, source));
    }

    internal void Remove(Predicate<T> which) => _values.RemoveAll(known => which(known.Value));
}

/// <summary>What the lines that apply to one destination have said so far.</summary>
internal sealed class HostSettings
{
    internal FirstValue<string> HostName { get; } = new();
    internal FirstValue<string> User { get; } = new();
    internal FirstValue<int> Port { get; } = new();
    internal FirstValue<string> HostKeyAlias { get; } = new();
    internal ValueList<string> IdentityFiles { get; } = new();
    internal ValueList<string> CertificateFiles { get; } = new();
    internal FirstValue<bool> IdentitiesOnly { get; } = new();
    internal FirstValue<string> IdentityAgent { get; } = new();
    internal FirstValue<IReadOnlyList<string>> UserKnownHostsFiles { get; } = new();
    internal FirstValue<IReadOnlyList<string>> GlobalKnownHostsFiles { get; } = new();
    internal FirstValue<HostKeyChecking> StrictHostKeyChecking { get; } = new();
    internal FirstValue<bool> HashKnownHosts { get; } = new();
    internal ValueList<string> LocalForwards { get; } = new();
    internal ValueList<string> RemoteForwards { get; } = new();
    internal ValueList<string> DynamicForwards { get; } = new();
    internal FirstValue<IReadOnlyList<ForwardPermit>?> PermitRemoteOpen { get; } = new();
    internal FirstValue<int> StreamLocalBindMask { get; } = new();
    internal FirstValue<bool> StreamLocalBindUnlink { get; } = new();
    internal FirstValue<bool> ClearAllForwardings { get; } = new();
    internal FirstValue<bool> ExitOnForwardFailure { get; } = new();
    internal FirstValue<bool> GatewayPorts { get; } = new();
    internal FirstValue<TimeSpan> ServerAliveInterval { get; } = new();
    internal FirstValue<int> ServerAliveCountMax { get; } = new();
    internal FirstValue<bool> TcpKeepAlive { get; } = new();
    internal FirstValue<TimeSpan?> ConnectTimeout { get; } = new();
    internal FirstValue<int> ConnectionAttempts { get; } = new();
    internal FirstValue<AddressFamily> AddressFamily { get; } = new();
    internal FirstValue<string> BindAddress { get; } = new();
    internal FirstValue<string> Ciphers { get; } = new();
    internal FirstValue<string> KexAlgorithms { get; } = new();
    internal FirstValue<string> Macs { get; } = new();
    internal FirstValue<string> HostKeyAlgorithms { get; } = new();
    internal FirstValue<string> PubkeyAcceptedAlgorithms { get; } = new();
    internal FirstValue<string> CaSignatureAlgorithms { get; } = new();
    internal FirstValue<int> RequiredRsaSize { get; } = new();
    internal FirstValue<RekeyLimit> RekeyLimit { get; } = new();
    internal FirstValue<IReadOnlyList<string>> PreferredAuthentications { get; } = new();
    internal FirstValue<PubkeyAuthentication> PubkeyAuthentication { get; } = new();
    internal FirstValue<bool> PasswordAuthentication { get; } = new();
    internal FirstValue<bool> KbdInteractiveAuthentication { get; } = new();
    internal FirstValue<bool> BatchMode { get; } = new();
    internal FirstValue<int> NumberOfPasswordPrompts { get; } = new();
    internal FirstValue<LogVerbosity> LogLevel { get; } = new();
    internal FirstValue<SessionType> SessionType { get; } = new();
    internal FirstValue<IReadOnlyList<string>> IgnoreUnknown { get; } = new();
    internal FirstValue<ImmutableArray<JumpHost>> ProxyJump { get; } = new();
    internal FirstValue<string?> ProxyCommand { get; } = new();
    internal FirstValue<bool> ProxyUseFdpass { get; } = new();
    internal FirstValue<ControlMaster> ControlMaster { get; } = new();
    internal FirstValue<string?> ControlPath { get; } = new();
    internal FirstValue<TimeSpan?> ControlPersist { get; } = new();
    internal FirstValue<CanonicalizeHostname> CanonicalizeHostname { get; } = new();
    internal FirstValue<IReadOnlyList<string>> CanonicalDomains { get; } = new();
    internal FirstValue<int> CanonicalizeMaxDots { get; } = new();
    internal FirstValue<bool> CanonicalizeFallbackLocal { get; } = new();
    internal FirstValue<IReadOnlyList<CanonicalNameRule>> CanonicalizePermittedCnames { get; } = new();
    internal FirstValue<bool> ForkAfterAuthentication { get; } = new();
    internal FirstValue<bool> StdinNull { get; } = new();
    internal FirstValue<RequestTty> RequestTty { get; } = new();
    internal FirstValue<string?> RemoteCommand { get; } = new();
    internal ValueList<string> SendEnv { get; } = new();
    internal FirstValue<IReadOnlyList<KeyValuePair<string, string>>> SetEnv { get; } = new();
    internal FirstValue<char?> EscapeChar { get; } = new();
    internal FirstValue<bool> EnableEscapeCommandline { get; } = new();
    internal FirstValue<bool> PermitLocalCommand { get; } = new();
    internal FirstValue<string?> LocalCommand { get; } = new();
    internal FirstValue<string?> KnownHostsCommand { get; } = new();
    internal FirstValue<IReadOnlyList<string>> RevokedHostKeys { get; } = new();
    internal FirstValue<UpdateHostKeys> UpdateHostKeys { get; } = new();
    internal FirstValue<bool> CheckHostIp { get; } = new();
    internal FirstValue<bool> NoHostAuthenticationForLocalhost { get; } = new();
    internal FirstValue<AgentAddition> AddKeysToAgent { get; } = new();
    internal FirstValue<string> BindInterface { get; } = new();
    internal FirstValue<ImmutableArray<ChannelTimeout>> ChannelTimeouts { get; } = new();
    internal FirstValue<string> Tag { get; } = new();
    internal FirstValue<IpQos> IpQos { get; } = new();
    internal FirstValue<string> SyslogFacility { get; } = new();
    internal FirstValue<string> VersionAddendum { get; } = new();
    internal FirstValue<FingerprintHash> FingerprintHash { get; } = new();
    internal FirstValue<bool> VisualHostKey { get; } = new();
    internal FirstValue<bool> WarnWeakCrypto { get; } = new();
    internal FirstValue<bool> Reconnect { get; } = new();
    internal FirstValue<TimeSpan> ReconnectWait { get; } = new();
    internal FirstValue<TimeSpan?> IdleTimeout { get; } = new();
    internal FirstValue<TimeSpan?> Lifetime { get; } = new();
    internal FirstValue<AdmissionRule?> Admit { get; } = new();
    internal FirstValue<int> MaxConnections { get; } = new();
    internal FirstValue<bool?> ExpectPostgres { get; } = new();
    internal FirstValue<string?> ExpectCert { get; } = new();
    internal FirstValue<TargetTls?> TargetTls { get; } = new();
    internal FirstValue<string?> TargetTlsRoot { get; } = new();
    internal FirstValue<string?> TargetTlsCert { get; } = new();
    internal FirstValue<string?> TargetTlsKey { get; } = new();
    internal FirstValue<(string? Host, int Port)?> ViaTls { get; } = new();
    internal FirstValue<string?> ViaTlsRoot { get; } = new();
    internal FirstValue<ProxyAddress?> Proxy { get; } = new();

    /// <summary>Keywords that are not served and must not be ignored, and what to say; null for a value that asks for nothing.</summary>
    internal Dictionary<string, FirstValue<string?>> Refusals { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Keywords that have no effect, why, and where they stand first.</summary>
    internal Dictionary<string, Sourced<string>> Ignored { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What the user should change.</summary>
    internal List<string> Warnings { get; } = [];
}

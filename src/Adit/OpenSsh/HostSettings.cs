using System.Net.Sockets;
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
    internal ValueList<string> UnservedForwards { get; } = new();
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
    internal FirstValue<bool> PubkeyAuthentication { get; } = new();
    internal FirstValue<bool> PasswordAuthentication { get; } = new();
    internal FirstValue<bool> KbdInteractiveAuthentication { get; } = new();
    internal FirstValue<bool> BatchMode { get; } = new();
    internal FirstValue<int> NumberOfPasswordPrompts { get; } = new();
    internal FirstValue<LogVerbosity> LogLevel { get; } = new();
    internal FirstValue<SessionType> SessionType { get; } = new();
    internal FirstValue<IReadOnlyList<string>> IgnoreUnknown { get; } = new();

    /// <summary>Keywords that are not served and must not be ignored, by the group of which only the first counts.</summary>
    internal Dictionary<string, FirstValue<Refusal>> Refusals { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Keywords that have no effect.</summary>
    internal Dictionary<string, ConfigSource> Ignored { get; } = new(StringComparer.OrdinalIgnoreCase);
}

/// <summary>A value that cannot be served.</summary>
/// <param name="Why">What to say; null for a value that asks for nothing.</param>
internal readonly record struct Refusal(string? Why);

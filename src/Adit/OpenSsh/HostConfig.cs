using System.Net.Sockets;
using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>What ssh_config and the command line come to for one host. Immutable; the defaults are ssh's unless it says otherwise.</summary>
public sealed record HostConfig
{
    /// <summary>The name that was asked for.</summary>
    public required string Alias { get; init; }

    /// <summary>Where to connect: HostName, or the name that was asked for.</summary>
    public required string HostName { get; init; }

    /// <summary>The user's name there. Default: the local one.</summary>
    public required string User { get; init; }

    /// <summary>The port. Default 22.</summary>
    public required int Port { get; init; }

    /// <summary>The name under which known_hosts has it, in place of HostName and port.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>Which addresses are used. Default: any.</summary>
    public AddressFamily AddressFamily { get; init; }

    /// <summary>The local address to connect from.</summary>
    public string? BindAddress { get; init; }

    /// <summary>How long connecting may take, key exchange included. Zero, the default, waits as long as the system does.</summary>
    public TimeSpan ConnectTimeout { get; init; }

    /// <summary>How often connecting is tried, once a second. Default 1.</summary>
    public int ConnectionAttempts { get; init; } = 1;

    /// <summary>TCP keepalive. Default yes.</summary>
    public bool TcpKeepAlive { get; init; } = true;

    /// <summary>Silence after which the server is asked whether it is there. Zero, the default, never asks.</summary>
    public TimeSpan ServerAliveInterval { get; init; }

    /// <summary>So many questions may stay unanswered. Default 3.</summary>
    public int ServerAliveCountMax { get; init; } = 3;

    /// <summary>When keys are exchanged anew.</summary>
    public RekeyLimit RekeyLimit { get; init; } = RekeyLimit.Default;

    /// <summary>Private keys to try; those marked "default" only if they exist.</summary>
    public required IReadOnlyList<ConfiguredPath> IdentityFiles { get; init; }

    /// <summary>Certificates to try with them.</summary>
    public IReadOnlyList<ConfiguredPath> CertificateFiles { get; init; } = [];

    /// <summary>Offer only the configured keys, also of the agent's. Default no.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>The agent's socket; null for none.</summary>
    public string? IdentityAgent { get; init; }

    /// <summary>The user's known_hosts files; the first one is added to.</summary>
    public required IReadOnlyList<string> UserKnownHostsFiles { get; init; }

    /// <summary>The system's known_hosts files.</summary>
    public required IReadOnlyList<string> GlobalKnownHostsFiles { get; init; }

    /// <summary>How strict host keys are checked. Default: ask.</summary>
    public StrictHostKeyChecking StrictHostKeyChecking { get; init; }

    /// <summary>Whether names added to known_hosts are hashed. Default no.</summary>
    public bool HashKnownHosts { get; init; }

    /// <summary>The algorithms to offer.</summary>
    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    /// <summary>Whether HostKeyAlgorithms was given: then its order stands, whatever known_hosts has.</summary>
    public bool HostKeyAlgorithmsGiven { get; init; }

    /// <summary>Signature algorithms that the user's keys may use; null for all.</summary>
    public IReadOnlyList<string>? PubkeyAcceptedAlgorithms { get; init; }

    /// <summary>Authentication methods that may be used, in order.</summary>
    public required IReadOnlyList<string> Authentications { get; init; }

    /// <summary>Never ask anything. Default no.</summary>
    public bool BatchMode { get; init; }

    /// <summary>How often a password is asked for. Default 3.</summary>
    public int NumberOfPasswordPrompts { get; init; } = 3;

    /// <summary>Local forwards.</summary>
    public IReadOnlyList<ConfiguredForward> LocalForwards { get; init; } = [];

    /// <summary>Whether local forwards without a bind address listen on all addresses. Default no.</summary>
    public bool GatewayPorts { get; init; }

    /// <summary>The level of messages, as ssh names it. Default INFO.</summary>
    public string LogLevel { get; init; } = "INFO";

    /// <summary>Whether one forward that cannot be set up ends all. Default no.</summary>
    public bool ExitOnForwardFailure { get; init; }

    /// <summary>The configuration files that were read, in order.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Keywords that this version passes over.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}

using Adit.Ssh.Kex;

namespace Adit.OpenSsh;

/// <summary>What the lines that apply to a host come to while they are read: the first value of each keyword wins, lists grow.</summary>
internal sealed class HostSettings
{
    public string? HostName { get; set; }

    public string? User { get; set; }

    public int? Port { get; set; }

    public string? HostKeyAlias { get; set; }

    public System.Net.Sockets.AddressFamily? AddressFamily { get; set; }

    public string? BindAddress { get; set; }

    public TimeSpan? ConnectTimeout { get; set; }

    public int? ConnectionAttempts { get; set; }

    public bool? TcpKeepAlive { get; set; }

    public TimeSpan? ServerAliveInterval { get; set; }

    public int? ServerAliveCountMax { get; set; }

    public RekeyLimit? RekeyLimit { get; set; }

    public List<ConfiguredPath> IdentityFiles { get; } = [];

    public List<ConfiguredPath> CertificateFiles { get; } = [];

    public bool? IdentitiesOnly { get; set; }

    public string? IdentityAgent { get; set; }

    public string[]? UserKnownHostsFiles { get; set; }

    public string[]? GlobalKnownHostsFiles { get; set; }

    public StrictHostKeyChecking? StrictHostKeyChecking { get; set; }

    public bool? HashKnownHosts { get; set; }

    public string[]? Ciphers { get; set; }

    public string[]? Macs { get; set; }

    public string[]? KexAlgorithms { get; set; }

    public string[]? HostKeyAlgorithms { get; set; }

    public string[]? PubkeyAcceptedAlgorithms { get; set; }

    public string[]? PreferredAuthentications { get; set; }

    public bool? PubkeyAuthentication { get; set; }

    public bool? PasswordAuthentication { get; set; }

    public bool? KbdInteractiveAuthentication { get; set; }

    public bool? BatchMode { get; set; }

    public int? NumberOfPasswordPrompts { get; set; }

    public List<ConfiguredForward> LocalForwards { get; } = [];

    public bool? ExitOnForwardFailure { get; set; }

    public bool? ClearAllForwardings { get; set; }

    public bool? GatewayPorts { get; set; }

    public string? LogLevel { get; set; }

    /// <summary>Keywords that were passed over because this version does not need them, in the order in which they came.</summary>
    public List<string> Ignored { get; } = [];
}

/// <summary>A path with the place where it was written.</summary>
/// <param name="Path">The path, tokens and <c>~</c> replaced.</param>
/// <param name="Place">File and line, "command line", or "default".</param>
public sealed record ConfiguredPath(string Path, string Place);

/// <summary>A forward with the place where it was written.</summary>
/// <param name="Spec">The forward.</param>
/// <param name="Place">File and line, or "command line".</param>
public sealed record ConfiguredForward(ForwardSpec Spec, string Place);

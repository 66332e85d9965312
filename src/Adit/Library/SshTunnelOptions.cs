using Adit.OpenSsh;
using Microsoft.Extensions.Logging;

namespace Adit;

/// <summary>
/// How a <see cref="SshTunnel"/> connects and behaves. What is left out is as <c>~/.ssh/config</c>, <c>/etc/ssh/ssh_config</c> and ssh's
/// defaults have it. Immutable; two that say the same are equal, lists and callbacks being compared by reference.
/// </summary>
public sealed record SshTunnelOptions
{
    /// <summary>All as configured.</summary>
    public static SshTunnelOptions Default { get; } = new();

    /// <summary>The user on the server; null for the one of the destination or the configuration.</summary>
    public string? User { get; init; }

    /// <summary>The server's port, 1 to 65535; null for the one of the destination or the configuration.</summary>
    public int? Port { get; init; }

    /// <summary>Key files to try first, as ssh's <c>-i</c>; <c>~</c> is the home directory.</summary>
    public IReadOnlyList<string> IdentityFiles { get; init; } = [];

    /// <summary>The one ssh_config file to read, or <c>none</c>; null for the user's and the system's.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>The user's known_hosts files, the first of which new keys are written to; empty for <c>~/.ssh/known_hosts</c>.</summary>
    public IReadOnlyList<string> KnownHostsFiles { get; init; } = [];

    /// <summary>
    /// What to do about host keys that are not known; null for what is configured. Without a <see cref="Prompt"/> nobody can be asked, so
    /// that <see cref="HostKeyChecking.Ask"/>, ssh's default, refuses them.
    /// </summary>
    public HostKeyChecking? StrictHostKeyChecking { get; init; }

    /// <summary>How long reaching the server may take, up to the check of its host key; null for what is configured.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>
    /// After how long a silence the server is asked for a sign of life; the second question without an answer ends the connection. Null for
    /// what is configured, or 5 seconds where nothing is and the tunnel reconnects; zero for never.
    /// </summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Whether a connection that is lost is made anew; null for what is configured (AditReconnect), which is yes by default.</summary>
    public bool? Reconnect { get; init; }

    /// <summary>How long new connections wait while the server is away; null for what is configured, 15 seconds by default.</summary>
    public TimeSpan? ReconnectWait { get; init; }

    /// <summary>
    /// Further options by the keywords of ssh_config(5), as ssh's <c>-o</c>: <c>ProxyJump</c> with <c>bastion</c>. The options above come
    /// first. Forwards, sessions, commands and connection sharing that are configured have no effect here.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> SshOptions { get; init; } = [];

    /// <summary>
    /// Answers passwords, passphrases and other questions; null as its answer means that there is none. Without it nobody is asked, and
    /// only keys log in. It may be called from any thread, for each new connection to the server again, and has to heed its token: who ends the
    /// tunnel waits for it.
    /// </summary>
    public Func<SshPrompt, CancellationToken, ValueTask<string?>>? Prompt { get; init; }

    /// <summary>Takes the log of the tunnel (category <c>Adit.SshTunnel</c>) and of the SSH engine (<c>Adit.Ssh</c>); null for none.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The clock of reconnection and limits in time.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>After how long without a connection it ends, where AditIdleTimeout says nothing; null for never.</summary>
    internal TimeSpan? DefaultIdleTimeout { get; init; }

    /// <summary>The options, without the values of <see cref="SshOptions"/>.</summary>
    public override string ToString() =>
        $"{nameof(SshTunnelOptions)} {{ User = {User}, Port = {Port}, ConfigFile = {ConfigFile}, IdentityFiles = {string.Join(", ", IdentityFiles)} }}";
}

using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Adit.Ssh.Connection;

/// <summary>How a server accepts one connection. Immutable; checked when a connection is accepted.</summary>
public sealed record SshServerOptions
{
    /// <summary>The host keys, one of each type at most, and the same keys once more where they present certificates. Not owned.</summary>
    public required IReadOnlyList<ISshSigner> HostKeys { get; init; }

    /// <summary>Decides who is let in. It is asked about this connection only.</summary>
    public required ServerAuthenticator Authenticator { get; init; }

    /// <summary>Serves what the client asks for once it is in. It must be ready from the call on; null refuses all.</summary>
    public IConnectionHandler? Handler { get; init; }

    /// <summary>Algorithms to offer.</summary>
    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    /// <summary>
    /// Signature algorithms of user keys, announced as server-sig-algs (RFC 8308) before the user is known, and accepted where its
    /// <see cref="ServerAuthenticator.Terms"/> say nothing else. Default: all that are served.
    /// </summary>
    public IReadOnlyList<string> UserKeyAlgorithms { get; init; } = AlgorithmPreferences.Default.HostKeys;

    /// <summary>When keys are exchanged anew.</summary>
    public RekeyLimit RekeyLimit { get; init; } = RekeyLimit.Default;

    /// <summary>Channels, windows, keepalive.</summary>
    public ConnectionOptions Connection { get; init; } = ConnectionOptions.Default;

    /// <summary>How long a client may take from the first byte until it is authenticated. Default two minutes; infinite is allowed.</summary>
    public TimeSpan AuthenticationTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>So many failed attempts to authenticate end the connection. Default 6; at least 1.</summary>
    public int MaxAuthenticationTries { get; init; } = 6;

    /// <summary>Gives the text to show to a user before authentication (RFC 4252 section 5.4); null for none.</summary>
    public Func<string, string?>? Banner { get; init; }

    /// <summary>Gives the keepalive that holds for the user, once it is in; null for that of <see cref="Connection"/>.</summary>
    public Func<KeepAliveOptions>? UserKeepAlive { get; init; }

    /// <summary>Receives what happens, at debug level. Never payload or secrets.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>The clock for timeouts, keepalive and rekeying.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal void Validate()
    {
        if (HostKeys.Count == 0)
            throw new ArgumentException("a server needs a host key", nameof(HostKeys));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAuthenticationTries, 1);
        if (AuthenticationTimeout != Timeout.InfiniteTimeSpan)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AuthenticationTimeout, TimeSpan.Zero);
        Algorithms.Validate();
        RekeyLimit.Validate();
        Connection.Validate();
    }
}

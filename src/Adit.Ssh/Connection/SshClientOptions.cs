using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Adit.Ssh.Connection;

/// <summary>How a client connects. Immutable; checked when a connection is made.</summary>
public sealed record SshClientOptions
{
    /// <summary>The user's name on the server.</summary>
    public required string User { get; init; }

    /// <summary>Decides whether the server's host key is the right one. There is no default: without an answer nothing is safe.</summary>
    public required HostKeyVerifier VerifyHostKey { get; init; }

    /// <summary>How the user may be authenticated, most preferred first.</summary>
    public IReadOnlyList<ClientAuthMethod> Authentication { get; init; } = [];

    /// <summary>Called once the server has proved its host key and before the user is authenticated, with what was agreed: an agent's session is bound here.</summary>
    public Func<HostKeyProof, CancellationToken, ValueTask>? OnHostKeyProved { get; init; }

    /// <summary>Algorithms to offer.</summary>
    public AlgorithmPreferences Algorithms { get; init; } = AlgorithmPreferences.Default;

    /// <summary>When keys are exchanged anew.</summary>
    public RekeyLimit RekeyLimit { get; init; } = RekeyLimit.Default;

    /// <summary>Channels, windows, keepalive.</summary>
    public ConnectionOptions Connection { get; init; } = ConnectionOptions.Default;

    /// <summary>Serves what the server asks for, such as the connections of remote forwards; null, the default, refuses all.</summary>
    public IConnectionHandler? Handler { get; init; }

    /// <summary>Shown text of the server before authentication, RFC 4252 section 5.4. It is the server's: show no control characters of it.</summary>
    public Action<string>? OnBanner { get; init; }

    /// <summary>Receives what happens, at debug level. Never payload or secrets.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>The clock for keepalive and rekeying.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(User);
        Algorithms.Validate();
        RekeyLimit.Validate();
        Connection.Validate();
    }
}

/// <summary>The server's proof that it owns its host key.</summary>
/// <param name="HostKey">The key's blob.</param>
/// <param name="SessionId">What was signed.</param>
/// <param name="Signature">The server's signature blob.</param>
public sealed record HostKeyProof(ReadOnlyMemory<byte> HostKey, ReadOnlyMemory<byte> SessionId, ReadOnlyMemory<byte> Signature);

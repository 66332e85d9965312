using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Adit.Ssh.Connection;

/// <summary>How a client connects. Immutable; checked when a connection is made.</summary>
public sealed record SshClientOptions
{
    /// <summary>The most characters of <see cref="Comment"/>.</summary>
    public const int MaxCommentLength = 200;

    /// <summary>The user's name on the server.</summary>
    public required string User { get; init; }

    /// <summary>
    /// What our identification says behind the version (RFC 4253 section 4.2): up to <see cref="MaxCommentLength"/> printable ASCII
    /// characters. Null, the default, for nothing.
    /// </summary>
    public string? Comment { get; init; }

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

    /// <summary>Whether a text can be a <see cref="Comment"/>.</summary>
    public static bool IsComment(string text) => text is { Length: > 0 and <= MaxCommentLength } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    /// <exception cref="ArgumentException">A value is missing or out of its range.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(User);
        if (Comment is not null && !IsComment(Comment))
            throw new ArgumentException($"the comment must have 1 to {MaxCommentLength} printable ASCII characters", nameof(Comment));
        Algorithms.Validate();
        RekeyLimit.Validate();
        Connection.Validate();
    }
}

/// <summary>The server's proof that it owns its host key.</summary>
/// <param name="HostKey">The key's blob.</param>
/// <param name="SessionId">What was signed.</param>
/// <param name="Signature">The server's signature blob.</param>
/// <param name="Kex">The key exchange method.</param>
/// <param name="IsPostQuantum">Whether a quantum computer could not undo it either, as far as is known.</param>
public sealed record HostKeyProof(
    ReadOnlyMemory<byte> HostKey, ReadOnlyMemory<byte> SessionId, ReadOnlyMemory<byte> Signature, string Kex, bool IsPostQuantum);

using Adit.Ssh.Kex;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Auth;

/// <summary>What holds for one user, where that is not what holds for all users of a server. Null stands for the server's option. Immutable.</summary>
public sealed record UserTerms
{
    /// <summary>Nothing of its own.</summary>
    public static UserTerms None { get; } = new();

    /// <summary>Signature algorithms of keys that are accepted; see <c>SshServerOptions.UserKeyAlgorithms</c>.</summary>
    public IReadOnlyList<string>? KeyAlgorithms { get; init; }

    /// <summary>So many failed attempts to authenticate end the connection; see <c>SshServerOptions.MaxAuthenticationTries</c>.</summary>
    public int? MaxAuthenticationTries { get; init; }

    /// <summary>When keys are exchanged anew once the user is in; see <c>SshServerOptions.RekeyLimit</c>.</summary>
    public RekeyLimit? RekeyLimit { get; init; }

    /// <summary>When the user's silent client is given up; see <c>ConnectionOptions.KeepAlive</c>.</summary>
    public KeepAliveOptions? KeepAlive { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (MaxAuthenticationTries is { } tries)
            ArgumentOutOfRangeException.ThrowIfLessThan(tries, 1);
        RekeyLimit?.Validate();
        KeepAlive?.Validate();
    }
}

using Adit.Ssh.Kex;

namespace Adit.Ssh.Auth;

/// <summary>What holds for one user, where that is not what holds for all users of a server. Null stands for the server's option. Immutable.</summary>
public sealed record UserTerms
{
    /// <summary>Nothing of its own.</summary>
    public static UserTerms None { get; } = new();

    /// <summary>Signature algorithms of keys that are accepted.</summary>
    public IReadOnlyList<string>? KeyAlgorithms { get; init; }

    /// <summary>So many failed attempts to authenticate end the connection; at least 1.</summary>
    public int? MaxAuthenticationTries { get; init; }

    /// <summary>When keys are exchanged anew once the user is in.</summary>
    public RekeyLimit? RekeyLimit { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Validate()
    {
        if (MaxAuthenticationTries is { } tries)
            ArgumentOutOfRangeException.ThrowIfLessThan(tries, 1);
        RekeyLimit?.Validate();
    }
}

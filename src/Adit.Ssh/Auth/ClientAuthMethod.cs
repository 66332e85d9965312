namespace Adit.Ssh.Auth;

/// <summary>What the server made of an attempt.</summary>
internal enum AuthOutcome
{
    /// <summary>The user is in.</summary>
    Success,

    /// <summary>The method was right, and the server wants another one besides (RFC 4252 section 5.1).</summary>
    PartialSuccess,

    /// <summary>Refused.</summary>
    Failure,

    /// <summary>The method has nothing (more) to try, or the user gave up.</summary>
    Exhausted,
}

/// <summary>One authentication method of a client, RFC 4252. A method keeps what it has tried already.</summary>
public abstract class ClientAuthMethod
{
    private protected ClientAuthMethod()
    {
    }

    /// <summary>The method's name on the wire.</summary>
    public abstract string Name { get; }

    /// <summary>Makes the next attempt.</summary>
    internal abstract ValueTask<AuthOutcome> TryAsync(ClientAuthentication authentication, CancellationToken cancellationToken);
}

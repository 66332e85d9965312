namespace Adit.Ssh.Auth;

/// <summary>The server accepted none of the ways in which the user could be authenticated.</summary>
public sealed class SshAuthException : SshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, for people.</param>
    /// <param name="tried">What was tried, in order: a method, with the key where there is one.</param>
    /// <param name="serverMethods">What the server would still take.</param>
    public SshAuthException(string message, IReadOnlyList<string> tried, IReadOnlyList<string> serverMethods)
        : base(message)
    {
        Tried = tried;
        ServerMethods = serverMethods;
    }

    /// <summary>What was tried, in order: a method, with the key where there is one.</summary>
    public IReadOnlyList<string> Tried { get; }

    /// <summary>The methods that the server would still take.</summary>
    public IReadOnlyList<string> ServerMethods { get; }
}

using Adit.Ssh.Keys;

namespace Adit.Ssh.Kex;

/// <summary>The server's host key was not accepted.</summary>
public sealed class SshHostKeyException : SshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Why, for people.</param>
    /// <param name="hostKey">The key that the server presented.</param>
    public SshHostKeyException(string message, SshPublicKey hostKey)
        : base(message)
    {
        HostKey = hostKey;
    }

    /// <summary>The key that the server presented.</summary>
    public SshPublicKey HostKey { get; }
}

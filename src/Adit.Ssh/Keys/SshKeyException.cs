namespace Adit.Ssh.Keys;

/// <summary>What is wrong with a key.</summary>
public enum SshKeyError
{
    /// <summary>Bytes that are no key of the form they claim.</summary>
    Malformed,

    /// <summary>A kind of key, file or encryption that is not served.</summary>
    Unsupported,

    /// <summary>The key is encrypted and no passphrase was given.</summary>
    PassphraseNeeded,

    /// <summary>The passphrase does not open the key.</summary>
    WrongPassphrase,

    /// <summary>The agent, or whatever holds the key, did not sign.</summary>
    Refused,
}

/// <summary>A key, certificate or agent cannot be used.</summary>
public sealed class SshKeyException : SshException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What is wrong.</param>
    /// <param name="message">The same for people.</param>
    /// <param name="innerException">What caused it.</param>
    public SshKeyException(SshKeyError kind, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
    }

    /// <summary>What is wrong.</summary>
    public SshKeyError Kind { get; }
}

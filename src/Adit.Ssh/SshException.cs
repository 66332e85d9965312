namespace Adit.Ssh;

/// <summary>Anything that went wrong in the SSH engine. The message says what happened in words for people.</summary>
public class SshException : Exception
{
    /// <summary>Creates the exception with what happened.</summary>
    public SshException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with what happened and what caused it.</summary>
    public SshException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Bytes that should follow a format of the SSH protocol or of a key file do not.</summary>
public sealed class SshFormatException : SshException
{
    /// <summary>Creates the exception with what is malformed.</summary>
    public SshFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with what is malformed and what caused it.</summary>
    public SshFormatException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

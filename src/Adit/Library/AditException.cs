using Adit.Relay;

namespace Adit;

/// <summary>
/// Something that a tunnel was to do failed. Each kind of failure is a type of its own below this one; the message says what is wrong,
/// where, and what to do, in words for people.
/// </summary>
/// <remarks>An open <see cref="TunnelStream"/> whose connection breaks throws <see cref="IOException"/> instead, as every stream does.</remarks>
public abstract class AditException : Exception
{
    private protected AditException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The destination, an option or a configuration file cannot be used. Nothing was connected.</summary>
public sealed class TunnelConfigurationException : AditException
{
    internal TunnelConfigurationException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The server, or one on the way to it, cannot be reached.</summary>
public sealed class HostUnreachableException : AditException
{
    internal HostUnreachableException(string message, DialFailure failure, Exception innerException)
        : base(message, innerException) => Failure = failure;

    /// <summary>Why, for programs.</summary>
    public DialFailure Failure { get; }
}

/// <summary>The server's host key is not known, has changed or is revoked. Nobody was logged in.</summary>
public sealed class HostKeyRefusedException : AditException
{
    internal HostKeyRefusedException(string message, string fingerprint, Exception innerException)
        : base(message, innerException) => Fingerprint = fingerprint;

    /// <summary>The fingerprint of the key that the server presented, such as <c>SHA256:…</c>; empty where it is not known.</summary>
    public string Fingerprint { get; }
}

/// <summary>The server accepted none of the ways in which the user could be authenticated.</summary>
public sealed class AuthenticationFailedException : AditException
{
    internal AuthenticationFailedException(string message, IReadOnlyList<string> tried, IReadOnlyList<string> serverMethods, Exception innerException)
        : base(message, innerException)
    {
        Tried = tried;
        ServerMethods = serverMethods;
    }

    /// <summary>What was tried, in order: a method, with the key where there is one.</summary>
    public IReadOnlyList<string> Tried { get; }

    /// <summary>The methods that the server would still take.</summary>
    public IReadOnlyList<string> ServerMethods { get; }
}

/// <summary>The server was reached, but no SSH connection came about: no common algorithms, no SSH server, or it hung up.</summary>
public sealed class HandshakeFailedException : AditException
{
    internal HandshakeFailedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The server is connected, and did not connect to the target: it may not, or nothing answers there.</summary>
public sealed class TargetUnreachableException : AditException
{
    internal TargetUnreachableException(string message, string target, DialFailure failure, Exception innerException)
        : base(message, innerException)
    {
        Target = target;
        Failure = failure;
    }

    /// <summary>The target as the server sees it: host and port, or the path of a socket.</summary>
    public string Target { get; }

    /// <summary>Why, for programs: <see cref="DialFailure.Prohibited"/> where the server does not allow it.</summary>
    public DialFailure Failure { get; }
}

/// <summary>The connection to the server is down and did not come back in time. The tunnel goes on trying.</summary>
public sealed class TunnelDownException : AditException
{
    internal TunnelDownException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>The tunnel has ended, for good.</summary>
public sealed class TunnelEndedException : AditException
{
    internal TunnelEndedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>A local port or socket could not be bound. Nothing of it stays bound.</summary>
public sealed class ListenFailedException : AditException
{
    internal ListenFailedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

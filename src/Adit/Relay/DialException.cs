using System.Net.Sockets;

namespace Adit.Relay;

/// <summary>Why a connection could not be made.</summary>
public enum DialFailure
{
    /// <summary>A reason that the other words do not cover.</summary>
    Other = 0,

    /// <summary>The machine answered that nothing listens there.</summary>
    Refused,

    /// <summary>No way leads to the machine or network.</summary>
    Unreachable,

    /// <summary>The name of the host is unknown, or the path of the socket does not exist.</summary>
    NameNotFound,

    /// <summary>Nothing answered in time.</summary>
    TimedOut,

    /// <summary>A rule or a permission forbids it.</summary>
    Prohibited,

    /// <summary>A limit on open files, channels or memory was reached.</summary>
    ResourceShortage,

    /// <summary>The connection that carries the new one was lost.</summary>
    ConnectionLost,
}

/// <summary>A connection could not be made.</summary>
internal sealed class DialException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="target">What was to be reached.</param>
    /// <param name="failure">The reason for programs.</param>
    /// <param name="reason">The reason for people, such as "connection refused".</param>
    /// <param name="innerException">What caused it, if something did.</param>
    public DialException(Endpoint target, DialFailure failure, string reason, Exception? innerException = null)
        : base($"cannot connect to {target}: {reason}", innerException)
    {
        Target = target;
        Failure = failure;
        Reason = reason;
    }

    /// <summary>What was to be reached.</summary>
    public Endpoint Target { get; }

    /// <summary>The reason for programs.</summary>
    public DialFailure Failure { get; }

    /// <summary>The reason for people, without the target.</summary>
    public string Reason { get; }

    internal static DialException From(Endpoint target, SocketException e) =>
        new(target, SocketFailure.ToDialFailure(e.SocketErrorCode), SocketFailure.Describe(e), e);
}

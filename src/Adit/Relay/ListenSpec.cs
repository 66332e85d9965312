using System.Globalization;
using System.Net;

namespace Adit.Relay;

/// <summary>What a local listener is to bind, as people ask for it. Immutable.</summary>
internal sealed record ListenSpec
{
    private ListenSpec(string? bindAddress, int port, string? path)
    {
        BindAddress = bindAddress;
        Port = port;
        Path = path;
    }

    /// <summary>
    /// Which addresses: null or <c>localhost</c> for the loopback addresses of every family that the machine has; empty or <c>*</c>
    /// for all addresses of every family; an address for that one; a name for all the addresses that it has.
    /// </summary>
    public string? BindAddress { get; }

    /// <summary>The port, 1 to 65535, or 0 for a free one, which is then the same for every address.</summary>
    public int Port { get; }

    /// <summary>The path of a Unix socket, or <c>@name</c> for an abstract one; null for TCP.</summary>
    public string? Path { get; }

    /// <summary>A TCP port.</summary>
    /// <exception cref="FormatException">The address cannot be one.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of range.</exception>
    public static ListenSpec Tcp(int port, string? bindAddress = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        if (bindAddress is not (null or "" or "*"))
            _ = Endpoint.Tcp(bindAddress, port);
        return new(bindAddress, port, null);
    }

    /// <summary>A Unix socket.</summary>
    /// <exception cref="FormatException">The path cannot be one.</exception>
    public static ListenSpec Unix(string path) => new(null, 0, Endpoint.Unix(path).Path);

    /// <summary>The request in the form of ssh's -L, such as <c>localhost:5432</c> or <c>*:5432</c>.</summary>
    public override string ToString() => Path ?? BindAddress switch
    {
        null => string.Create(CultureInfo.InvariantCulture, $"localhost:{Port}"),
        "" or "*" => string.Create(CultureInfo.InvariantCulture, $"*:{Port}"),
        { } address => Endpoint.Tcp(address, Port).ToString(),
    };
}

/// <summary>Why a listener could not be made.</summary>
internal enum ListenFailure
{
    /// <summary>A reason that the other words do not cover.</summary>
    Other = 0,

    /// <summary>Another socket has the port, or a live one the path.</summary>
    InUse,

    /// <summary>The port is one of those that need a privilege.</summary>
    PrivilegedPort,

    /// <summary>The address is none of this machine.</summary>
    NoSuchAddress,

    /// <summary>The file system does not let this user make the socket, or something that is no socket is in its place.</summary>
    PathNotUsable,
}

/// <summary>A listener could not be made. Nothing of it stays bound.</summary>
internal sealed class ListenException : IOException
{
    /// <summary>Creates the exception.</summary>
    public ListenException(string endpoint, ListenFailure failure, string reason, Exception? innerException = null)
        : base($"cannot listen on {endpoint}: {reason}", innerException)
    {
        Endpoint = endpoint;
        Failure = failure;
    }

    /// <summary>The end that could not be bound.</summary>
    public string Endpoint { get; }

    /// <summary>The reason for programs.</summary>
    public ListenFailure Failure { get; }

    /// <summary>Who holds the port, where that is the reason and something could be learned about it.</summary>
    public PortHolder? Holder { get; init; }
}

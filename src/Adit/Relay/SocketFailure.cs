using System.Net.Sockets;

namespace Adit.Relay;

/// <summary>What the error numbers of sockets mean to a dial, and in words.</summary>
internal static class SocketFailure
{
    internal static DialFailure ToDialFailure(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => DialFailure.Refused,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown
            or SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported => DialFailure.Unreachable,
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => DialFailure.NameNotFound,
        SocketError.TimedOut => DialFailure.TimedOut,
        SocketError.AccessDenied => DialFailure.Prohibited,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.ProcessLimit => DialFailure.ResourceShortage,
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => DialFailure.ConnectionLost,
        _ => DialFailure.Other,
    };

    internal static string Describe(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by the peer",
        SocketError.ConnectionAborted or SocketError.OperationAborted => "the connection was aborted",
        SocketError.Shutdown => "the peer closed the connection",
        SocketError.HostUnreachable or SocketError.HostDown => "no route to the host",
        SocketError.NetworkUnreachable or SocketError.NetworkDown => "the network is unreachable",
        SocketError.HostNotFound or SocketError.NoData => "the name is unknown",
        SocketError.TryAgain or SocketError.NoRecovery => "the name could not be resolved; the name server did not answer",
        SocketError.TimedOut => "the connection timed out",
        SocketError.AccessDenied => "permission denied",
        SocketError.TooManyOpenSockets => "too many open files; raise the limit with ulimit -n",
        SocketError.AddressAlreadyInUse => "the address is in use",
        SocketError.AddressNotAvailable => "the address does not exist on this machine",
        _ => e.Message,
    };
}

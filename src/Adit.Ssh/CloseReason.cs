namespace Adit.Ssh;

/// <summary>Why a connection ended. The first reason wins; the same word reaches wire, log, metric and audit.</summary>
public enum CloseReason
{
    /// <summary>This side closed it in good order.</summary>
    Closed,

    /// <summary>The peer said goodbye with SSH_MSG_DISCONNECT.</summary>
    PeerDisconnected,

    /// <summary>The byte stream ended or broke.</summary>
    ConnectionLost,

    /// <summary>The peer sent something that is malformed, out of state or over a limit.</summary>
    ProtocolError,

    /// <summary>A packet failed its integrity check.</summary>
    MacError,

    /// <summary>The peer is no SSH-2 server or client.</summary>
    NotSsh,

    /// <summary>No common algorithms, or a bad key exchange.</summary>
    KeyExchangeFailed,

    /// <summary>The peer's host key was not accepted.</summary>
    HostKeyRefused,

    /// <summary>The user could not be authenticated.</summary>
    AuthenticationFailed,

    /// <summary>The peer answered no keepalive in time.</summary>
    KeepAliveTimeout,

    /// <summary>The peer took too long over a key exchange or an authentication.</summary>
    Timeout,

    /// <summary>The caller cancelled while the connection was being made.</summary>
    Cancelled,

    /// <summary>A rule of this side ended it: its lifetime, an amount of data, a key that is valid no longer.</summary>
    Expired,

    /// <summary>This side takes no more connections.</summary>
    TooManyConnections,

    /// <summary>A fault on this side.</summary>
    InternalError,
}

/// <summary>What each reason is on the wire.</summary>
internal static class CloseReasons
{
    /// <summary>What the peer is told: nothing of this machine where the message may name paths, keys or faults of it.</summary>
    public static string TextForPeer(this CloseReason reason, string message) => reason switch
    {
        CloseReason.HostKeyRefused => "the host key was not accepted",
        CloseReason.InternalError => "internal error",
        _ => message,
    };

    /// <summary>The code of the SSH_MSG_DISCONNECT that this reason sends; <see cref="DisconnectCode.None"/> when nothing is sent.</summary>
    public static DisconnectCode Code(this CloseReason reason) => reason switch
    {
        CloseReason.Closed => DisconnectCode.ByApplication,
        CloseReason.ProtocolError => DisconnectCode.ProtocolError,
        CloseReason.MacError => DisconnectCode.MacError,
        CloseReason.KeyExchangeFailed => DisconnectCode.KeyExchangeFailed,
        CloseReason.HostKeyRefused => DisconnectCode.HostKeyNotVerifiable,
        CloseReason.AuthenticationFailed => DisconnectCode.NoMoreAuthMethodsAvailable,
        CloseReason.KeepAliveTimeout or CloseReason.Timeout => DisconnectCode.ConnectionLost,
        CloseReason.Cancelled => DisconnectCode.AuthCancelledByUser,
        CloseReason.Expired or CloseReason.InternalError => DisconnectCode.ByApplication,
        CloseReason.TooManyConnections => DisconnectCode.TooManyConnections,
        _ => DisconnectCode.None,
    };
}

using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>Makes SSH connections from a byte stream.</summary>
public static class SshClient
{
    /// <summary>
    /// Exchanges identifications and keys, verifies the host key, authenticates the user: RFC 4253, RFC 4252. The stream belongs to the
    /// connection from the call on, also when it fails.
    /// </summary>
    /// <param name="stream">Any duplex byte stream: a TCP connection, a channel of another connection, a pipe.</param>
    /// <param name="options">How to connect.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="SshHostKeyException">The host key was not accepted.</exception>
    /// <exception cref="SshAuthException">The user could not be authenticated.</exception>
    /// <exception cref="SshClosedException">The peer is no SSH server, broke the protocol, or went away; its reason says which.</exception>
    public static async Task<SshConnection> ConnectAsync(Stream stream, SshClientOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        string own = Identification.With(options.Comment);
        (InboundBuffer inbound, string peer) = await Identification.OpenAsync(stream, SshRole.Client, own, cancellationToken).ConfigureAwait(false);
        var transport = new SshTransport(stream, inbound, SshRole.Client, options.Logger, options.Time, options.Connection.Later);
        var kexOptions = new KeyExchangeOptions
        {
            Algorithms = options.Algorithms,
            RekeyLimit = options.RekeyLimit,
            VerifyHostKey = options.VerifyHostKey,
        };
        var kex = new KeyExchange(transport, kexOptions, own, peer, options.Logger, options.Time);
        var authentication = new ClientAuthentication(transport, kex, options.User, options.OnBanner, options.Logger);
        var connection = new SshConnection(transport, kex, options.Connection, options.Handler, options.Logger, options.Time);
        try
        {
            // Ours is queued before anything of the peer's is read: an exchange that is through already would be begun anew.
            kex.Begin();
            transport.Start(kex, authentication, connection, kex.BeginIfDue);
            await kex.First.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (options.OnHostKeyProved is { } proved)
            {
                KexAlgorithm method = kex.Negotiated!.Kex;
                await proved(new(kex.HostKey!.Blob, kex.SessionId, kex.HostKeySignature, method.Name, method.IsPostQuantum), cancellationToken).ConfigureAwait(false);
            }

            await authentication.RunAsync(options.Authentication, cancellationToken).ConfigureAwait(false);
            connection.Begin(peer, options.Connection.KeepAlive);
            return connection;
        }
        catch (Exception e)
        {
            Exception cause = Explain(e, transport, authentication);
            await connection.DisposeAsync().ConfigureAwait(false);
            if (cause != e)
                throw cause;
            throw;
        }
    }

    // What the caller should hear, and what the peer is told, when the connection was not made.
    private static Exception Explain(Exception e, SshTransport transport, ClientAuthentication authentication)
    {
        switch (e)
        {
            case SshAuthException:
                transport.Close(CloseReason.AuthenticationFailed, "no authentication method was accepted");
                return e;
            case OperationCanceledException:
                transport.Close(CloseReason.Cancelled, "cancelled");
                return e;
            case SshProtocolException protocol:
                return transport.Close(protocol.Reason, protocol.Message, protocol);
            case SshFormatException:
                return transport.Close(CloseReason.ProtocolError, $"the peer sent a malformed message: {e.Message}", e);
            case SshClosedException { InnerException.InnerException: SshHostKeyException refused }:
                return refused;
            case SshClosedException { Reason: CloseReason.PeerDisconnected } closed when authentication.Tried.Count > 0 && !IsAboutConnection(closed.PeerCode):
                return new SshAuthException($"{e.Message}; tried: {string.Join("; ", authentication.Tried)}", authentication.Tried, []);
            default:
                transport.Close(CloseReason.InternalError, e.Message, e);
                return e;
        }
    }

    // A server that stops or is full while somebody logs in has nothing against the user, who may try again.
    private static bool IsAboutConnection(DisconnectCode code) => code is DisconnectCode.ServiceNotAvailable or DisconnectCode.ConnectionLost
        or DisconnectCode.ByApplication or DisconnectCode.TooManyConnections;
}

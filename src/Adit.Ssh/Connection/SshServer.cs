using System.Text;
using Adit.Ssh.Auth;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Connection;

/// <summary>Accepts SSH connections on byte streams.</summary>
public static class SshServer
{
    /// <summary>
    /// Exchanges identifications and keys and authenticates the client: RFC 4253, RFC 4252. The stream belongs to the connection from the
    /// call on, also when it fails.
    /// </summary>
    /// <param name="stream">Any duplex byte stream.</param>
    /// <param name="options">How to accept.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="SshClosedException">The client is none, broke the protocol, could not be authenticated, or went away; its reason says which.</exception>
    public static async Task<SshConnection> AcceptAsync(Stream stream, SshServerOptions options, CancellationToken cancellationToken = default)
    {
        options.Validate();
        using var late = new CancellationTokenSource(options.AuthenticationTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await AcceptInTimeAsync(stream, options, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw cancellationToken.IsCancellationRequested
                ? new SshClosedException(CloseReason.Cancelled, "cancelled", e)
                : new SshClosedException(CloseReason.Timeout, $"no login of the client within {options.AuthenticationTimeout.TotalSeconds:0.#} s", e);
        }
    }

    private static async Task<SshConnection> AcceptInTimeAsync(Stream stream, SshServerOptions options, CancellationToken cancellationToken)
    {
        (InboundBuffer inbound, string peer) = await Identification.OpenAsync(stream, SshRole.Server, Identification.Own, cancellationToken).ConfigureAwait(false);
        var transport = new SshTransport(stream, inbound, SshRole.Server, options.Logger, options.Time, options.Connection.Later);
        var kexOptions = new KeyExchangeOptions
        {
            Algorithms = options.Algorithms,
            RekeyLimit = options.RekeyLimit,
            HostKeys = options.HostKeys,
            Extensions = Extensions(options),
        };
        var kex = new KeyExchange(transport, kexOptions, Identification.Own, peer, options.Logger, options.Time);
        var connection = new SshConnection(transport, kex, options.Connection, options.Handler, options.Logger, options.Time)
        {
            HostKeyRotation = new HostKeyRotation(options.HostKeys, kex),
        };
        var authentication = new ServerAuthentication(
            transport,
            kex,
            new(options.Authenticator, options.UserKeyAlgorithms, options.MaxAuthenticationTries, options.Banner),
            terms =>
            {
                kex.Use(terms.RekeyLimit ?? options.RekeyLimit);
                connection.Begin(peer, terms.KeepAlive ?? options.Connection.KeepAlive);
            },
            options.Logger);
        try
        {
            // Ours is queued before anything of the peer's is read: an exchange that is through already would be begun anew.
            kex.Begin();
            transport.Start(kex, authentication, connection, kex.BeginIfDue);
            await authentication.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
            connection.AnnounceHostKeys();
            return connection;
        }
        catch (Exception e)
        {
            if (e is OperationCanceledException)
                transport.Close(CloseReason.Timeout, "the time to log in is over");
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // RFC 8308 section 3.1, OpenSSH's PROTOCOL sections 1.8 and 1.9.
    private static IReadOnlyList<KeyValuePair<string, byte[]>> Extensions(SshServerOptions options) =>
    [
        new("server-sig-algs", Encoding.ASCII.GetBytes(string.Join(',', options.UserKeyAlgorithms.Select(KeyType.WithoutCertificate).Distinct()))),
        new("publickey-hostbound@openssh.com", "0"u8.ToArray()),
        new("ping@openssh.com", "0"u8.ToArray()),
    ];
}

using System.Net.Security;

namespace Adit.StartTls;

/// <summary>What a protocol says in the clear before TLS begins. Immutable, safe for concurrent calls.</summary>
internal abstract class TlsOpening
{
    /// <summary>As the client of a server that was just connected: brings it to the point where the TLS handshake begins.</summary>
    /// <param name="stream">The connection; not one byte is read beyond the opening.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>What the server said that whoever uses the connection has to hear first, such as an SMTP greeting; may be empty.</returns>
    /// <exception cref="OpeningException">The server does not agree, or does not speak the protocol.</exception>
    public abstract ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken);

    /// <summary>
    /// As the server of a client that was just accepted: answers until TLS begins, or goes on without TLS where the protocol and the settings
    /// allow it.
    /// </summary>
    /// <param name="stream">The connection; not one byte is read beyond the opening.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="OpeningException">The client does not begin TLS; it was told so in the protocol's words where there are any.</exception>
    public abstract ValueTask<OpeningAnswer> AnswerAsync(Stream stream, CancellationToken cancellationToken);

    /// <summary>
    /// Server role: reads away what the plain target says first and the client has heard from us already. By default nothing.
    /// </summary>
    /// <param name="target">The connection to the target.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="OpeningException">The target does not speak the protocol, or is not ready.</exception>
    public virtual ValueTask SettleTargetAsync(Stream target, CancellationToken cancellationToken) => default;

    /// <summary>Server role: what a client that began with TLS at once, or after the opening, has agreed to speak inside (ALPN). By default anything.</summary>
    /// <param name="protocol">What was agreed; empty where nothing was.</param>
    /// <param name="isDirect">Whether it began with TLS at once.</param>
    /// <exception cref="OpeningException">That is not to be.</exception>
    public virtual void CheckProtocol(SslApplicationProtocol protocol, bool isDirect)
    {
    }
}

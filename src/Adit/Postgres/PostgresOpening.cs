using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Adit.Relay;
using Adit.StartTls;
using Adit.Tls;

namespace Adit.Postgres;

/// <summary>
/// How a PostgreSQL connection comes to TLS: by an SSLRequest that is answered with one byte, or directly (protocol 3.0, "SSL Session
/// Encryption"). One of GSSAPI is answered no, and the connection goes on, as PostgreSQL does it.
/// </summary>
internal sealed class PostgresOpening : TlsOpening
{
    /// <summary>What ALPN calls it (the IANA registry's "postgresql").</summary>
    public static readonly SslApplicationProtocol Alpn = new("postgresql");

    /// <summary>Settings of a listener before which a client is told that there is no TLS, and goes on: it is spoken from there on, not by the client.</summary>
    public static readonly TlsServerSettings NoTls = new() { Opening = new PostgresOpening { OffersTls = false, AdmitsPlaintext = true } };

    private const byte TlsHandshake = 22;
    private const byte Yes = (byte)'S';
    private const byte No = (byte)'N';
    private const byte ErrorResponse = (byte)'E';
    private const int MaxAnswer = 512;

    /// <summary>As the server: whether TLS is to be had here. Default yes. Where not, SSLRequest is answered no, and the client goes on or leaves.</summary>
    public bool OffersTls { get; init; } = true;

    /// <summary>As the server: whether clients may go on in the clear. Default no.</summary>
    public bool AdmitsPlaintext { get; init; }

    /// <summary>As the server: whether clients may have a query cancelled in the clear, as libpq does before version 17. Default yes.</summary>
    public bool AdmitsCancel { get; init; } = true;

    /// <summary>As the client: whether TLS begins at once, as servers take it from PostgreSQL 17 on. Default no.</summary>
    public bool IsDirect { get; init; }

    /// <inheritdoc/>
    public override async ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (IsDirect)
            return default;
        byte[] head = new byte[PostgresRequest.HeadBytes];
        PostgresRequest.Tls.Write(head);
        await stream.WriteAsync(head, cancellationToken).ConfigureAwait(false);
        byte[] answer = new byte[MaxAnswer];
        // Of a consent one byte, since TLS follows; all else is only shown.
        int count = await stream.ReadAsync(answer.AsMemory(0, 1), cancellationToken).ConfigureAwait(false);
        if (count == 1 && answer[0] is Yes && stream is not DuplexStream { Unread.IsEmpty: false })
            return default;
        if (count == 1 && answer[0] is No)
            throw new OpeningException("PostgreSQL there offers no TLS (ssl = off)");
        if (count == 1)
            count += await stream.ReadAsync(answer.AsMemory(1), cancellationToken).ConfigureAwait(false);
        throw new OpeningException($"PostgreSQL is expected there, but {ServerGreeting.InWords(answer.AsSpan(0, count))}");
    }

    /// <inheritdoc/>
    public override async ValueTask<OpeningAnswer> AnswerAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] head = new byte[PostgresRequest.HeadBytes];
        bool askedTls = false;
        bool askedGss = false;
        while (true)
        {
            await ReadAsync(stream, head.AsMemory(0, 1), cancellationToken).ConfigureAwait(false);
            if (head[0] == TlsHandshake && !askedTls)
            {
                return OffersTls
                    ? new(BeginsTls: true, head.AsMemory(0, 1))
                    : throw new OpeningException("the client begins with TLS at once (sslnegotiation=direct), and this end has none; have it connect without");
            }

            await ReadAsync(stream, head.AsMemory(1), cancellationToken).ConfigureAwait(false);
            PostgresRequest request = PostgresRequest.Read(head);
            if (request.IsTls && !askedTls)
            {
                askedTls = true;
                await stream.WriteAsync(new[] { OffersTls ? Yes : No }, cancellationToken).ConfigureAwait(false);
                if (OffersTls)
                    return OpeningAnswer.Tls;
            }
            else if (request.IsGss && !askedGss)
            {
                askedGss = true;
                await stream.WriteAsync(new[] { No }, cancellationToken).ConfigureAwait(false);
            }
            else if (request.IsCancel && (AdmitsCancel || AdmitsPlaintext))
            {
                // It tells nothing but a key that is of use this once. Nothing goes with it.
                byte[] cancel = new byte[request.Length];
                head.CopyTo(cancel, 0);
                await ReadAsync(stream, cancel.AsMemory(head.Length), cancellationToken).ConfigureAwait(false);
                return new(BeginsTls: false, cancel) { Ends = true };
            }
            else if (request.IsStartup && AdmitsPlaintext)
            {
                return new(BeginsTls: false, head);
            }
            else
            {
                await RefuseAsync(stream, request.IsStartup, request.IsCancel, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public override void CheckProtocol(SslApplicationProtocol protocol, bool isDirect)
    {
        // As PostgreSQL does it: else a client of another protocol could be led here (ALPACA).
        if (isDirect && protocol != Alpn)
            throw new OpeningException("the client begins with TLS at once, without ALPN \"postgresql\"");
    }

    private static async ValueTask ReadAsync(Stream stream, Memory<byte> head, CancellationToken cancellationToken)
    {
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < head.Length)
            throw new OpeningException("the client closed the connection before it began");
    }

    private static async ValueTask RefuseAsync(Stream stream, bool isPostgres, bool isCancel, CancellationToken cancellationToken)
    {
        if (isCancel)
            throw new OpeningException("the client wants a query cancelled in the clear, and who it is would have to be shown in TLS, as libpq does it from version 17 on");
        if (!isPostgres)
            throw new OpeningException("what the client sends is not PostgreSQL's protocol");
        // "S" and "V" severity, "C" code invalid_authorization_specification, "M" message, "H" hint
        byte[] fields = Encoding.ASCII.GetBytes("SFATAL\0VFATAL\0C28000\0Mthis end of the tunnel takes connections with TLS only\0Hconnect with sslmode=require or more\0\0");
        byte[] message = new byte[1 + sizeof(int) + fields.Length];
        message[0] = ErrorResponse;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), sizeof(int) + fields.Length);
        fields.CopyTo(message, 1 + sizeof(int));
        await stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
        throw new OpeningException("the client wants no TLS");
    }
}

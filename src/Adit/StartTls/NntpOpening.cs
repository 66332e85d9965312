using System.Text;

namespace Adit.StartTls;

/// <summary>NNTP before TLS: STARTTLS, RFC 4642. Only as a client.</summary>
internal sealed class NntpOpening() : ClientOnlyOpening("NNTP")
{
    /// <summary>The longest line, in bytes: RFC 3977 section 3.1.</summary>
    public const int MaxLineBytes = 512;

    private const string Server = "the NNTP server";
    private const int PostingAllowed = 200;
    private const int PostingProhibited = 201;
    private const int ContinueWithTls = 382;

    /// <inheritdoc/>
    public override async ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        LineConversation lines = new(stream, MaxLineBytes, Server);
        (int code, string greeting) = await ReadAsync(lines, cancellationToken).ConfigureAwait(false);
        if (code is not (PostingAllowed or PostingProhibited))
            throw new OpeningException($"{Server} does not take connections: {LineConversation.Quote(greeting)}");
        await lines.WriteAsync("STARTTLS\r\n", cancellationToken).ConfigureAwait(false);
        (code, string reply) = await ReadAsync(lines, cancellationToken).ConfigureAwait(false);
        if (code != ContinueWithTls)
            throw new OpeningException($"{Server} refused STARTTLS: {LineConversation.Quote(reply)}");
        lines.ExpectNothingUnread();
        return Encoding.Latin1.GetBytes(greeting + "\r\n");
    }

    private static async ValueTask<(int Code, string Line)> ReadAsync(LineConversation lines, CancellationToken cancellationToken)
    {
        string line = await lines.ReadAsync(cancellationToken).ConfigureAwait(false);
        return ReplyCode.TryRead(line, out int code)
            ? (code, line)
            : throw new OpeningException($"{Server} does not speak NNTP; it said {LineConversation.Quote(line)}");
    }
}

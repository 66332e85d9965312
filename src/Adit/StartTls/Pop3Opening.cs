using System.Text;

namespace Adit.StartTls;

/// <summary>POP3 before TLS: STLS, RFC 2595 section 4.</summary>
internal sealed class Pop3Opening : AnsweredOpening
{
    /// <summary>The longest line, in bytes: RFC 2449 section 4.</summary>
    public const int MaxLineBytes = 512;

    private const string Server = "the POP3 server";

    private protected override int MaxLine => MaxLineBytes;

    // Without the time stamp for APOP, which only the target can make.
    private protected override string Greeting => "+OK POP3 ready, begin with STLS\r\n";

    private protected override string LineTooLong => "-ERR The line is too long\r\n";

    private protected override string TooManyCommands => "-ERR Too many commands before STLS\r\n";

    /// <inheritdoc/>
    public override async ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        LineConversation lines = new(stream, MaxLineBytes, Server);
        string greeting = await ExpectAsync(lines, "does not take connections", cancellationToken).ConfigureAwait(false);
        await lines.WriteAsync("STLS\r\n", cancellationToken).ConfigureAwait(false);
        await ExpectAsync(lines, "refused STLS", cancellationToken).ConfigureAwait(false);
        lines.ExpectNothingUnread();
        return Encoding.Latin1.GetBytes(greeting + "\r\n");
    }

    /// <summary>Reads the target's greeting away.</summary>
    /// <inheritdoc/>
    public override async ValueTask SettleTargetAsync(Stream target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        LineConversation lines = new(target, MaxLineBytes, Server, readsAhead: false);
        await ExpectAsync(lines, "does not take connections", cancellationToken).ConfigureAwait(false);
    }

    private protected override CommandReply Answer(string line) => line.Trim(' ').ToUpperInvariant() switch
    {
        "STLS" => new("+OK Begin TLS negotiation\r\n", AfterReply.BeginTls),
        "CAPA" => new("+OK Capability list follows\r\nSTLS\r\n.\r\n"),
        "NOOP" => new("+OK\r\n"),
        "QUIT" => new("+OK Bye\r\n", AfterReply.End),
        _ => new("-ERR Begin TLS with STLS first\r\n"),
    };

    private static async ValueTask<string> ExpectAsync(LineConversation lines, string otherwise, CancellationToken cancellationToken)
    {
        string line = await lines.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (BeginsWith(line, "+OK"))
            return line;
        throw new OpeningException(BeginsWith(line, "-ERR")
            ? $"{Server} {otherwise}: {LineConversation.Quote(line)}"
            : $"{Server} does not speak POP3; it said {LineConversation.Quote(line)}");
    }

    private static bool BeginsWith(string line, string status) =>
        line.StartsWith(status, StringComparison.Ordinal) && (line.Length == status.Length || line[status.Length] == ' ');
}

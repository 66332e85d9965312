using System.Buffers;
using System.Text;

namespace Adit.StartTls;

/// <summary>IMAP before TLS: STARTTLS, RFC 3501 and RFC 9051 section 6.2.1.</summary>
internal sealed class ImapOpening : AnsweredOpening
{
    /// <summary>The longest line, in bytes: RFC 7162 section 4.</summary>
    public const int MaxLineBytes = 8192;

    /// <summary>The most lines that a server may send before the answer to STARTTLS.</summary>
    public const int MaxUntaggedLines = 100;

    private const string Server = "the IMAP server";
    private const string Tag = "adit1";
    private const string Capabilities = "IMAP4rev1 STARTTLS LOGINDISABLED";

    // RFC 3501 section 9, "tag": ASTRING-CHAR but for "+".
    private static readonly SearchValues<char> NeverInTag = SearchValues.Create("(){ %*\"\\+");

    private protected override int MaxLine => MaxLineBytes;

    private protected override string Greeting => $"* OK [CAPABILITY {Capabilities}] IMAP ready, begin with STARTTLS\r\n";

    private protected override string LineTooLong => "* BYE The line is too long\r\n";

    private protected override string TooManyCommands => "* BYE Too many commands before STARTTLS\r\n";

    /// <inheritdoc/>
    /// <remarks>The greeting is handed on without the capabilities in it, which hold before TLS only (RFC 3501 section 6.2.1).</remarks>
    public override async ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        LineConversation lines = new(stream, MaxLineBytes, Server);
        string greeting = await ReadGreetingAsync(lines, cancellationToken).ConfigureAwait(false);
        await lines.WriteAsync($"{Tag} STARTTLS\r\n", cancellationToken).ConfigureAwait(false);
        for (int untagged = 0; untagged <= MaxUntaggedLines; untagged++)
        {
            string line = await lines.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (BeginsWith(line, $"{Tag} OK"))
            {
                lines.ExpectNothingUnread();
                return Encoding.Latin1.GetBytes(WithoutCapabilities(greeting) + "\r\n");
            }
            if (BeginsWith(line, Tag) || BeginsWith(line, "* BYE"))
                throw new OpeningException($"{Server} refused STARTTLS: {LineConversation.Quote(line)}");
            if (!BeginsWith(line, "*"))
                throw new OpeningException($"{Server} does not speak IMAP; it said {LineConversation.Quote(line)}");
        }
        throw new OpeningException($"{Server} sent more than {MaxUntaggedLines} lines and did not answer STARTTLS");
    }

    /// <summary>Reads the target's greeting away.</summary>
    /// <inheritdoc/>
    public override async ValueTask SettleTargetAsync(Stream target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        LineConversation lines = new(target, MaxLineBytes, Server, readsAhead: false);
        await ReadGreetingAsync(lines, cancellationToken).ConfigureAwait(false);
    }

    private protected override CommandReply Answer(string line)
    {
        string[] words = line.Split(' ', 3);
        string tag = words[0];
        if (words.Length < 2 || tag.Length == 0 || tag.AsSpan().ContainsAny(NeverInTag) || tag.Any(static c => c is <= ' ' or > '~'))
            return new("* BAD A command is a tag, a space and a word\r\n");
        // The octets of such a literal follow at once, and are no commands (RFC 7888).
        if (line.EndsWith("+}", StringComparison.Ordinal))
            return new("* BYE Literals are not taken before STARTTLS\r\n", AfterReply.Refuse);
        return (words[1].ToUpperInvariant(), words.Length) switch
        {
            ("STARTTLS", 2) => new($"{tag} OK Begin TLS negotiation now\r\n", AfterReply.BeginTls),
            ("CAPABILITY", 2) => new($"* CAPABILITY {Capabilities}\r\n{tag} OK CAPABILITY completed\r\n"),
            ("NOOP", 2) => new($"{tag} OK NOOP completed\r\n"),
            ("LOGOUT", 2) => new($"* BYE Logging out\r\n{tag} OK LOGOUT completed\r\n", AfterReply.End),
            ("LOGIN" or "AUTHENTICATE", _) => new($"{tag} NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first\r\n"),
            _ => new($"{tag} BAD Begin TLS with STARTTLS first\r\n"),
        };
    }

    private static async ValueTask<string> ReadGreetingAsync(LineConversation lines, CancellationToken cancellationToken)
    {
        string greeting = await lines.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (BeginsWith(greeting, "* OK"))
            return greeting;
        if (BeginsWith(greeting, "* BYE"))
            throw new OpeningException($"{Server} does not take connections: {LineConversation.Quote(greeting)}");
        // There is no STARTTLS in a session that has a user already; who alters the greeting on the way would have it left out so.
        throw new OpeningException(BeginsWith(greeting, "* PREAUTH")
            ? $"{Server} has logged its client in before TLS, behind which there is no STARTTLS: {LineConversation.Quote(greeting)}"
            : $"{Server} does not speak IMAP; it said {LineConversation.Quote(greeting)}");
    }

    private static string WithoutCapabilities(string greeting)
    {
        const string start = "* OK ";
        const string code = "[CAPABILITY ";
        if (!greeting.AsSpan(Math.Min(start.Length, greeting.Length)).StartsWith(code, StringComparison.OrdinalIgnoreCase))
            return greeting;
        int end = greeting.IndexOf(']', StringComparison.Ordinal);
        string text = end < 0 ? string.Empty : greeting[(end + 1)..].TrimStart(' ');
        return start + (text.Length > 0 ? text : "IMAP ready");
    }

    private static bool BeginsWith(string line, string words) =>
        line.StartsWith(words, StringComparison.OrdinalIgnoreCase) && (line.Length == words.Length || line[words.Length] == ' ');
}

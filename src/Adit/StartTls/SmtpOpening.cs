namespace Adit.StartTls;

/// <summary>SMTP before TLS: STARTTLS, RFC 3207.</summary>
internal sealed class SmtpOpening : AnsweredOpening
{
    /// <summary>The most lines of one reply of a server.</summary>
    public const int MaxReplyLines = 100;

    /// <summary>The longest line, in bytes: RFC 5321 section 4.5.3.1.5.</summary>
    public const int MaxLineBytes = 512;

    private const string Server = "the SMTP server";
    private const int Ready = 220;
    private const int Done = 250;

    private readonly string _name;

    /// <summary>Creates the opening.</summary>
    /// <param name="name">What this end calls itself, to a server in EHLO and to a client in its greeting: a domain or an address in brackets.</param>
    /// <exception cref="ArgumentException">The name cannot be one.</exception>
    public SmtpOpening(string name = "localhost")
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > Relay.Endpoint.MaxHostLength || name.Any(static c => c is <= ' ' or > '~'))
            throw new ArgumentException($"\"{name}\" cannot be the name of this end in SMTP; write a domain in ASCII", nameof(name));
        _name = name;
    }

    private protected override int MaxLine => MaxLineBytes;

    private protected override string Greeting => $"220 {_name} ESMTP\r\n";

    private protected override string LineTooLong => "500 The line is too long\r\n";

    private protected override string TooManyCommands => $"421 {_name} Too many commands before STARTTLS\r\n";

    /// <inheritdoc/>
    public override async ValueTask<ReadOnlyMemory<byte>> AskAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        LineConversation lines = new(stream, MaxLineBytes, Server);
        List<string> greeting = await ExpectAsync(lines, Ready, "does not take connections", cancellationToken).ConfigureAwait(false);
        await lines.WriteAsync($"EHLO {_name}\r\n", cancellationToken).ConfigureAwait(false);
        await ExpectAsync(lines, Done, "refused EHLO", cancellationToken).ConfigureAwait(false);
        await lines.WriteAsync("STARTTLS\r\n", cancellationToken).ConfigureAwait(false);
        await ExpectAsync(lines, Ready, "refused STARTTLS", cancellationToken).ConfigureAwait(false);
        lines.ExpectNothingUnread();
        return System.Text.Encoding.Latin1.GetBytes(string.Concat(greeting.Select(static line => line + "\r\n")));
    }

    /// <summary>Reads the target's greeting away.</summary>
    /// <inheritdoc/>
    public override async ValueTask SettleTargetAsync(Stream target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        LineConversation lines = new(target, MaxLineBytes, Server, readsAhead: false);
        await ExpectAsync(lines, Ready, "does not take connections", cancellationToken).ConfigureAwait(false);
    }

    private protected override CommandReply Answer(string line)
    {
        string[] words = line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string verb = words.Length > 0 ? words[0].ToUpperInvariant() : string.Empty;
        return verb switch
        {
            "STARTTLS" when words.Length == 1 => new("220 Ready to start TLS\r\n", AfterReply.BeginTls),
            "STARTTLS" => new("501 STARTTLS takes no parameters\r\n"),
            "EHLO" when words.Length == 2 => new($"250-{_name}\r\n250 STARTTLS\r\n"),
            "HELO" when words.Length == 2 => new($"250 {_name}\r\n"),
            "EHLO" or "HELO" => new("501 Say your domain\r\n"),
            "NOOP" or "RSET" => new("250 OK\r\n"),
            "QUIT" => new($"221 {_name} Bye\r\n", AfterReply.End),
            _ => new("530 Must issue a STARTTLS command first\r\n"),
        };
    }

    // A reply: lines that begin with the same code, all but the last with a hyphen behind it (RFC 5321 section 4.2.1).
    private static async ValueTask<List<string>> ExpectAsync(
        LineConversation lines, int code, string otherwise, CancellationToken cancellationToken)
    {
        List<string> reply = [];
        while (true)
        {
            string line = await lines.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (!ReplyCode.TryRead(line, out int found) || (reply.Count > 0 && !line.AsSpan(0, 3).SequenceEqual(reply[0].AsSpan(0, 3))))
                throw new OpeningException($"{Server} does not speak SMTP; it said {LineConversation.Quote(line)}");
            reply.Add(line);
            if (line.Length > 3 && line[3] == '-')
            {
                if (reply.Count == MaxReplyLines)
                    throw new OpeningException($"{Server} gave a reply of more than {MaxReplyLines} lines");
                continue;
            }
            return found == code ? reply : throw new OpeningException($"{Server} {otherwise}: {LineConversation.Quote(line)}");
        }
    }
}

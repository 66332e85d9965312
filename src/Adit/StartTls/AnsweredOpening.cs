namespace Adit.StartTls;

/// <summary>
/// An opening in lines of text, in both roles: as the server it greets, answers what a client may say before TLS, and refuses the rest in the
/// words of the protocol until the client asks for TLS.
/// </summary>
internal abstract class AnsweredOpening : TlsOpening
{
    /// <summary>How many commands a client may send before TLS begins.</summary>
    public const int MaxCommands = 50;

    private const string Client = "the client";

    /// <summary>The most bytes of a line of the protocol, its end included.</summary>
    private protected abstract int MaxLine { get; }

    /// <summary>What this end says first.</summary>
    private protected abstract string Greeting { get; }

    /// <summary>What a client is told whose line is too long.</summary>
    private protected abstract string LineTooLong { get; }

    /// <summary>What a client is told that sends more than <see cref="MaxCommands"/>.</summary>
    private protected abstract string TooManyCommands { get; }

    /// <inheritdoc/>
    public sealed override async ValueTask<OpeningAnswer> AnswerAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        LineConversation lines = new(stream, MaxLine, Client);
        await lines.WriteAsync(Greeting, cancellationToken).ConfigureAwait(false);
        for (int commands = 0; commands < MaxCommands; commands++)
        {
            CommandReply reply = Answer(await ReadCommandAsync(lines, cancellationToken).ConfigureAwait(false));
            if (reply.Next == AfterReply.BeginTls)
                lines.ExpectNothingUnread();
            await lines.WriteAsync(reply.Text, cancellationToken).ConfigureAwait(false);
            if (reply.Next == AfterReply.BeginTls)
                return OpeningAnswer.Tls;
            if (reply.Next == AfterReply.End)
                throw new OpeningException($"{Client} ended the conversation before TLS began");
            if (reply.Next == AfterReply.Refuse)
                throw new OpeningException($"{Client} sent before TLS what cannot be told from commands; the connection is refused");
        }
        await lines.WriteAsync(TooManyCommands, cancellationToken).ConfigureAwait(false);
        throw new OpeningException($"{Client} sent {MaxCommands} commands and asked for TLS by none of them");
    }

    /// <summary>Answers a command.</summary>
    private protected abstract CommandReply Answer(string line);

    private async ValueTask<string> ReadCommandAsync(LineConversation lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OpeningException) when (lines.HasOverflowed)
        {
            await lines.WriteAsync(LineTooLong, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }
}

/// <summary>What follows the reply to a command.</summary>
internal enum AfterReply
{
    /// <summary>The next command.</summary>
    GoOn = 0,

    /// <summary>The TLS handshake.</summary>
    BeginTls,

    /// <summary>The end of the connection, as the client wants it.</summary>
    End,

    /// <summary>The end of the connection, since what the client sends next cannot be understood.</summary>
    Refuse,
}

/// <summary>The reply to a command of a client.</summary>
/// <param name="Text">What it is told, with the ends of lines.</param>
/// <param name="Next">What follows.</param>
internal readonly record struct CommandReply(string Text, AfterReply Next = AfterReply.GoOn);

namespace Adit.StartTls;

/// <summary>An opening that is spoken only as the client of a server, as in stunnel.</summary>
/// <param name="protocol">The name of the protocol, for people.</param>
internal abstract class ClientOnlyOpening(string protocol) : TlsOpening
{
    /// <summary>Not for this protocol.</summary>
    /// <exception cref="OpeningException">Always.</exception>
    public sealed override ValueTask<OpeningAnswer> AnswerAsync(Stream stream, CancellationToken cancellationToken) =>
        ValueTask.FromException<OpeningAnswer>(new OpeningException($"{protocol} is spoken before TLS only as a client, not as a server"));
}

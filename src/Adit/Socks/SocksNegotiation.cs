using Adit.Relay;

namespace Adit.Socks;

/// <summary>What a client and this end say to each other before the bytes of the tunnel: SOCKS 4, 4a or 5, CONNECT without login.</summary>
/// <param name="duplex">The stream to the client; not owned.</param>
internal sealed class SocksNegotiation(Duplex duplex)
{
    private ReadOnlyMemory<byte> _unread;
    private byte _version;

    private delegate bool TryRead<T>(ReadOnlySpan<byte> bytes, out T message, out int length);

    /// <summary>What the client sent behind its request already; valid until the next read of the stream.</summary>
    public ReadOnlyMemory<byte> Unread => _unread;

    /// <summary>Learns what the client wants to reach.</summary>
    /// <exception cref="SocksException">The client does not speak SOCKS, or wants what is not served.</exception>
    /// <exception cref="IOException">The client is gone.</exception>
    public async ValueTask<Endpoint> ReadTargetAsync(CancellationToken cancellationToken)
    {
        await ReadMoreAsync(cancellationToken).ConfigureAwait(false);
        switch (_unread.Span[0])
        {
            case Socks4Request.Version:
                _version = Socks4Request.Version;
                return (await ReadAsync<Socks4Request>(Socks4Request.TryRead, cancellationToken).ConfigureAwait(false)).Target;
            case Socks5Greeting.Version:
                Socks5Greeting greeting = await ReadAsync<Socks5Greeting>(Socks5Greeting.TryRead, cancellationToken).ConfigureAwait(false);
                if (!greeting.OffersNoAuthentication)
                {
                    throw new SocksException("the client insists on logging in to the SOCKS port, which has no logins",
                        new Socks5MethodSelection(Socks5Method.NoneAcceptable).ToBytes());
                }
                byte[] selection = new Socks5MethodSelection(Socks5Method.NoAuthentication).ToBytes();
                await duplex.WriteAsync(selection, cancellationToken).ConfigureAwait(false);
                _version = Socks5Greeting.Version;
                return (await ReadAsync<Socks5Request>(Socks5Request.TryRead, cancellationToken).ConfigureAwait(false)).Target;
            default:
                throw OtherProtocol.Refusal(_unread.Span);
        }
    }

    /// <summary>The answer to a request whose target was reached.</summary>
    public byte[] Success() => _version == Socks4Request.Version
        ? new Socks4Reply(IsGranted: true).ToBytes()
        : new Socks5Reply(Socks5Outcome.Succeeded).ToBytes();

    /// <summary>The answer to a request that was refused; empty where the client came to no point at which it would understand one.</summary>
    public byte[] Answer(Refusal refusal) => _version switch
    {
        Socks4Request.Version => new Socks4Reply(IsGranted: false).ToBytes(),
        Socks5Greeting.Version => Socks5Reply.To(refusal).ToBytes(),
        _ => [],
    };

    private async ValueTask<T> ReadAsync<T>(TryRead<T> tryRead, CancellationToken cancellationToken)
    {
        T? message;
        int length;
        while (!tryRead(_unread.Span, out message, out length))
            await ReadMoreAsync(cancellationToken).ConfigureAwait(false);
        _unread = _unread[length..];
        return message;
    }

    // A message is whole in one chunk as a rule. Where it is not, its beginning is copied, which the messages' limits keep short.
    private async ValueTask ReadMoreAsync(CancellationToken cancellationToken)
    {
        byte[] begun = _unread.ToArray();
        _unread = begun;
        ReadOnlyMemory<byte> chunk = await duplex.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (chunk.IsEmpty)
            throw new IOException(begun.Length == 0 && _version == 0 ? "the client left without a SOCKS request" : "the client left within its SOCKS request");
        _unread = begun.Length == 0 ? chunk : (byte[])[.. begun, .. chunk.Span];
    }
}

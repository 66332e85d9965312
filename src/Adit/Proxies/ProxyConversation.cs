using Adit.Relay;

namespace Adit.Proxies;

/// <summary>What is said to a proxy and heard from it, before the bytes of the target.</summary>
/// <param name="duplex">The stream to the proxy; not owned.</param>
internal sealed class ProxyConversation(Duplex duplex)
{
    /// <summary>Reads a message from the beginning of bytes, if all of it is there.</summary>
    public delegate bool TryRead<T>(ReadOnlySpan<byte> bytes, out T message, out int length);

    /// <summary>What came behind the message that was read last; valid until the next read of the stream.</summary>
    public ReadOnlyMemory<byte> Unread { get; private set; }

    /// <summary>Sends a message.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => duplex.WriteAsync(message, cancellationToken);

    /// <summary>Reads a message, of which the reader limits the length.</summary>
    /// <exception cref="IOException">The proxy closed the connection, or it broke.</exception>
    public async ValueTask<T> ReadAsync<T>(TryRead<T> tryRead, CancellationToken cancellationToken)
    {
        T? message;
        int length;
        while (!tryRead(Unread.Span, out message, out length))
        {
            // A message is whole in one chunk as a rule. Where it is not, its beginning is copied.
            byte[] begun = Unread.ToArray();
            Unread = begun;
            ReadOnlyMemory<byte> chunk = await duplex.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (chunk.IsEmpty)
                throw new IOException("it closed the connection instead of an answer");
            Unread = begun.Length == 0 ? chunk : (byte[])[.. begun, .. chunk.Span];
        }
        Unread = Unread[length..];
        return message;
    }
}

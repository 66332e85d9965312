using System.Text;
using Adit.Ssh.Transport;

namespace Adit.Ssh.Kex;

/// <summary>The identification strings that open a connection, RFC 4253 section 4.2. Both are hashed into the key exchange.</summary>
internal static class Identification
{
    private const int MaxLineLength = 255;

    // What a server may say before its identification; OpenSSH's client gives up after as many lines.
    private const int MaxLinesBefore = 1024;

    public static string Own { get; } = $"SSH-2.0-Adit_{typeof(Identification).Assembly.GetName().Version?.ToString(2)}";

    /// <summary>Ours, with a comment behind the version; null for none.</summary>
    public static string With(string? comment) => comment is null ? Own : $"{Own} {comment}";

    /// <summary>Sends ours and reads the peer's, without line ends. The stream is disposed of when this fails.</summary>
    /// <exception cref="SshClosedException">The peer does not speak SSH 2, or is gone.</exception>
    public static async ValueTask<(InboundBuffer Inbound, string Peer)> OpenAsync(Stream stream, SshRole role, string own, CancellationToken cancellationToken)
    {
        var inbound = new InboundBuffer(stream);
        try
        {
            return (inbound, await ExchangeAsync(stream, inbound, role, own, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            if (role is SshRole.Server && e is SshProtocolException { Reason: CloseReason.NotSsh })
                await SendAwayAsync(stream).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            inbound.Dispose();
            throw e switch
            {
                SshProtocolException protocol => new SshClosedException(protocol.Reason, protocol.Message, e),
                IOException => new SshClosedException(CloseReason.ConnectionLost, $"the connection broke: {e.Message}", e),
                _ => e,
            };
        }
    }

    // OpenSSH's words, for whoever meant another port.
    private static async ValueTask SendAwayAsync(Stream stream)
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await stream.WriteAsync("Invalid SSH identification string.\r\n"u8.ToArray(), soon.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It is gone, or does not read: it is being sent away.
        }
    }

    private static async ValueTask<string> ExchangeAsync(
        Stream stream, InboundBuffer inbound, SshRole role, string own, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(own + "\r\n"), cancellationToken).ConfigureAwait(false);
        for (int lines = 0; lines <= MaxLinesBefore; lines++)
        {
            string line = await ReadLineAsync(inbound, lines, cancellationToken).ConfigureAwait(false);
            if (line.StartsWith("SSH-", StringComparison.Ordinal))
                return Check(line);
            if (role is SshRole.Server)
                break;
        }

        throw NotSsh("it sent no SSH identification");
    }

    private static async ValueTask<string> ReadLineAsync(InboundBuffer inbound, int lines, CancellationToken cancellationToken)
    {
        while (true)
        {
            int end = inbound.Unread.IndexOf((byte)'\n');
            if (end > MaxLineLength || (end < 0 && inbound.Unread.Length > MaxLineLength))
                throw NotSsh($"its answer begins with {Printable(inbound.Unread)}");
            if (end >= 0)
            {
                string line = Encoding.Latin1.GetString(inbound.Unread[..end]).TrimEnd('\r');
                inbound.Consume(end + 1);
                return line;
            }

            if (!await inbound.FillAsync(cancellationToken).ConfigureAwait(false))
                throw NotSsh(inbound.Unread.IsEmpty && lines == 0
                    ? "it closed the connection without a word"
                    : $"it closed the connection after {Printable(inbound.Unread)}");
        }
    }

    private static string Check(string line)
    {
        if (!line.StartsWith("SSH-2.0-", StringComparison.Ordinal) && !line.StartsWith("SSH-1.99-", StringComparison.Ordinal))
            throw NotSsh($"it speaks {Printable(Encoding.Latin1.GetBytes(line))}, and SSH 2.0 is needed");
        if (line.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw NotSsh("its identification holds control characters");
        return line;
    }

    private static SshProtocolException NotSsh(string what) => new(CloseReason.NotSsh, $"the peer does not speak SSH: {what}");

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder("\"");
        foreach (byte b in bytes[..Math.Min(bytes.Length, 60)])
            text.Append(b is >= 0x20 and < 0x7f and not (byte)'"' ? ((char)b).ToString() : $"\\x{b:x2}");
        return text.Append('"').ToString();
    }
}

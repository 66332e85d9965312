using System.Text;
using Adit.Wording;

namespace Adit.StartTls;

/// <summary>
/// A conversation in lines that end with CRLF or LF alone, none of them longer than a limit. A character of a line is one byte (Latin-1), so
/// that a line goes on as it came.
/// </summary>
internal sealed class LineConversation
{
    private const int MaxQuoted = 200;

    private readonly Stream _stream;
    private readonly int _maxLine;
    private readonly string _peer;
    private readonly byte[] _unread;
    private int _start;
    private int _end;

    /// <summary>Begins a conversation.</summary>
    /// <param name="stream">The stream to the peer; not owned.</param>
    /// <param name="maxLine">The most bytes of a line that the peer sends, its end included.</param>
    /// <param name="peer">Who the peer is in words, such as "the SMTP server".</param>
    /// <param name="readsAhead">
    /// Whether it reads as much as is there, so that <see cref="HasUnread"/> tells of what came behind a line. If not, no byte behind a line is
    /// taken from the stream.
    /// </param>
    public LineConversation(Stream stream, int maxLine, string peer, bool readsAhead = true)
    {
        _stream = stream;
        _maxLine = maxLine;
        _peer = peer;
        _unread = new byte[readsAhead ? maxLine : 1];
    }

    /// <summary>Whether the peer sent something behind the line that was read last.</summary>
    public bool HasUnread => _start < _end;

    /// <summary>Whether a line was longer than it may be, which ends the reading.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>Reads the next line, without its end.</summary>
    /// <exception cref="OpeningException">The line is too long, or the peer ended the connection.</exception>
    public async ValueTask<string> ReadAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (!HasUnread)
            {
                _start = 0;
                _end = await _stream.ReadAsync(_unread, cancellationToken).ConfigureAwait(false);
                if (_end == 0)
                    throw new OpeningException($"{_peer} closed the connection before TLS began");
            }
            ReadOnlySpan<byte> unread = _unread.AsSpan(_start.._end);
            int lineFeed = unread.IndexOf((byte)'\n');
            int taken = lineFeed < 0 ? unread.Length : lineFeed + 1;
            if (line.Length + taken > _maxLine)
            {
                HasOverflowed = true;
                throw new OpeningException($"{_peer} sent a line of more than {_maxLine} bytes before TLS began");
            }
            line.Append(Encoding.Latin1.GetString(unread[..taken]));
            _start += taken;
            if (lineFeed >= 0)
                return WithoutEnd(line);
        }
    }

    /// <summary>Sends text, to which nothing is added.</summary>
    public async ValueTask WriteAsync(string text, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), cancellationToken).ConfigureAwait(false);
        await _stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes sure that nothing came behind the consent to TLS: what is sent in the clear and heard as if TLS protected it, somebody on the way may
    /// have put there (CVE-2011-0411).
    /// </summary>
    /// <exception cref="OpeningException">Something did.</exception>
    public void ExpectNothingUnread()
    {
        if (HasUnread)
            throw new OpeningException($"{_peer} sent more in the clear where TLS begins, which may be an attack; the connection is refused");
    }

    /// <summary>A line of a peer in quotation marks, short enough and printable.</summary>
    public static string Quote(string line)
    {
        string text = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(line));
        return $"\"{Printable.Text(text.Length > MaxQuoted ? string.Concat(text.AsSpan(0, MaxQuoted), "…") : text)}\"";
    }

    private static string WithoutEnd(StringBuilder line)
    {
        int length = line.Length - 1;
        if (length > 0 && line[length - 1] == '\r')
            length--;
        return line.ToString(0, length);
    }
}

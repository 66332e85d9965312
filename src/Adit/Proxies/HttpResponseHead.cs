using System.Globalization;
using System.Text;

namespace Adit.Proxies;

/// <summary>The head of an HTTP/1 response (RFC 9112 sections 2 and 4), of which only the status counts behind CONNECT.</summary>
/// <param name="Status">The status code.</param>
/// <param name="StatusLine">The whole first line.</param>
internal readonly record struct HttpResponseHead(int Status, string StatusLine)
{
    /// <summary>The most bytes of a head.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int VersionLength = 9;
    private const int StatusLength = 3;

    /// <summary>Reads a head, if all of it is there.</summary>
    /// <param name="bytes">What the server sent so far.</param>
    /// <param name="head">The head.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    /// <exception cref="FormatException">It is none, or too long.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out HttpResponseHead head, out int length)
    {
        head = default;
        length = 0;
        ReadOnlySpan<byte> protocol = "HTTP/1."u8;
        if (!bytes[..Math.Min(bytes.Length, protocol.Length)].SequenceEqual(protocol[..Math.Min(bytes.Length, protocol.Length)]))
            throw new FormatException("does not speak HTTP/1");
        ReadOnlySpan<byte> allowed = bytes[..Math.Min(bytes.Length, MaxBytes)];
        length = LengthOf(allowed);
        if (length == 0)
            return bytes.Length < MaxBytes ? false : throw new FormatException($"answered with a header of more than {MaxBytes} bytes");
        string line = Encoding.UTF8.GetString(allowed[..allowed.IndexOf((byte)'\n')].TrimEnd((byte)'\r'));
        ReadOnlySpan<char> status = line.AsSpan(Math.Min(line.Length, VersionLength));
        bool isStatus = line.Length >= VersionLength && line[VersionLength - 1] == ' ' && status.Length >= StatusLength
            && (status.Length == StatusLength || status[StatusLength] == ' ');
        if (!isStatus || !int.TryParse(status[..StatusLength], NumberStyles.None, CultureInfo.InvariantCulture, out int code))
            throw new FormatException("answered with a malformed status line");
        head = new(code, line);
        return true;
    }

    // To the end of the first empty line; lines may end with LF alone (RFC 9112 section 2.2). 0 where there is none yet.
    private static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        int line = 0;
        while (bytes[line..].IndexOf((byte)'\n') is >= 0 and int lineFeed)
        {
            if (bytes.Slice(line, lineFeed).TrimEnd((byte)'\r').IsEmpty)
                return line + lineFeed + 1;
            line += lineFeed + 1;
        }
        return 0;
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;

namespace Adit.Socks;

/// <summary>Names what a client spoke that did not speak SOCKS, so that whoever configured it sees the mistake.</summary>
internal static class OtherProtocol
{
    private const byte TlsHandshake = 22;
    private const byte TlsMajorVersion = 3;
    private const string HttpText = "This is a SOCKS port, not an HTTP proxy. Set it as the SOCKS proxy of your program.\n";

    private static readonly SearchValues<string> HttpMethods = SearchValues.Create(
        ["CONNECT ", "DELETE ", "GET ", "HEAD ", "OPTIONS ", "PATCH ", "POST ", "PRI ", "PUT ", "TRACE "], StringComparison.Ordinal);

    /// <summary>The refusal of a client whose first bytes begin with no version of SOCKS.</summary>
    public static SocksException Refusal(ReadOnlySpan<byte> first)
    {
        if (IsHttp(first))
            return new("this is a SOCKS port, the client spoke HTTP", HttpAnswer());
        if (first.Length > 1 && first[0] == TlsHandshake && first[1] == TlsMajorVersion)
            return new("this is a SOCKS port, the client spoke TLS", []);
        if (first.StartsWith("SSH-"u8))
            return new("this is a SOCKS port, the client spoke SSH", []);
        return new(string.Create(CultureInfo.InvariantCulture, $"the client spoke no SOCKS: its first byte is 0x{first[0]:x2}"), []);
    }

    private static bool IsHttp(ReadOnlySpan<byte> first)
    {
        const int longestMethod = 8;
        Span<char> start = stackalloc char[longestMethod];
        int length = Encoding.Latin1.GetChars(first[..Math.Min(first.Length, longestMethod)], start);
        return start[..length].IndexOfAny(HttpMethods) == 0;
    }

    private static byte[] HttpAnswer() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nContent-Length: {HttpText.Length}\r\nConnection: close\r\n\r\n{HttpText}"));
}

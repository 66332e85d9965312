using System.Text;
using Adit.Wording;

namespace Adit.StartTls;

/// <summary>Names what answered by its first bytes, so that whoever chose the target sees the mistake.</summary>
internal static class ServerGreeting
{
    private const int MaxShown = 80;
    private const byte TlsAlert = 21;
    private const byte TlsHandshake = 22;
    private const byte TlsMajorVersion = 3;

    // A MySQL packet: three bytes of length, a number that begins at 0, and the protocol's version or the mark of an error.
    private const int MySqlHeader = 4;
    private const byte MySqlProtocol = 10;
    private const byte MySqlError = 0xff;
    private const int MySqlErrorCode = 2;

    /// <summary>What answered, in words for people.</summary>
    internal static string InWords(ReadOnlySpan<byte> first)
    {
        if (first.IsEmpty)
            return "it closed the connection without an answer";
        if (first.StartsWith("SSH-"u8))
            return $"an SSH server answered: {Quoted(first)}";
        if (first.StartsWith("HTTP/"u8))
            return $"a web server answered: {Quoted(first)}";
        if (first.StartsWith("-ERR"u8) || first.StartsWith("-NOAUTH"u8) || first.StartsWith("-DENIED"u8))
            return $"a Redis server answered: {Quoted(first)}";
        if (first.Length > 1 && first[0] is TlsAlert or TlsHandshake && first[1] == TlsMajorVersion)
            return "a server that speaks TLS from the first byte answered";
        if (first.Length > MySqlHeader && first[2] == 0 && first[3] == 0 && first[MySqlHeader] == MySqlProtocol)
            return $"a MySQL server answered: {Quoted(first[(MySqlHeader + 1)..])}";
        if (first.Length > MySqlHeader + 1 + MySqlErrorCode && first[2] == 0 && first[3] == 0 && first[MySqlHeader] == MySqlError)
            return $"a MySQL server refused: {Quoted(first[(MySqlHeader + 1 + MySqlErrorCode)..])}";
        return first[0] == 'E' ? $"it refused: {Quoted(first[1..])}" : $"something else answered: {Quoted(first)}";
    }

    // Up to the end of the line or text.
    private static string Quoted(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOfAny((byte)'\r', (byte)'\n', (byte)0);
        ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
        return $"\"{Printable.Text(Encoding.Latin1.GetString(line[..Math.Min(line.Length, MaxShown)]))}\"";
    }
}

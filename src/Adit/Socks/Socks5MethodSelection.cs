using System.Globalization;

namespace Adit.Socks;

/// <summary>A way to log in: RFC 1928 section 3.</summary>
internal enum Socks5Method : byte
{
    /// <summary>None is needed.</summary>
    NoAuthentication = 0,

    /// <summary>By user name and password (RFC 1929).</summary>
    Password = 2,

    /// <summary>None of those that were offered will do.</summary>
    NoneAcceptable = 0xFF,
}

/// <summary>The answer to a SOCKS 5 greeting: RFC 1928 section 3.</summary>
/// <param name="Method">What the server chose.</param>
internal readonly record struct Socks5MethodSelection(Socks5Method Method)
{
    private const int Bytes = 2;

    /// <summary>Reads the answer, if all of it is there.</summary>
    /// <param name="bytes">What the server sent so far.</param>
    /// <param name="selection">The answer.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    /// <exception cref="SocksException">It is none.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Socks5MethodSelection selection, out int length)
    {
        length = Bytes;
        selection = default;
        if (bytes.Length > 0 && bytes[0] != Socks5Greeting.Version)
            throw new SocksException(string.Create(CultureInfo.InvariantCulture, $"it speaks no SOCKS 5: its first byte is 0x{bytes[0]:x2}"), []);
        if (bytes.Length < Bytes)
            return false;
        selection = new((Socks5Method)bytes[1]);
        return true;
    }

    /// <summary>The bytes of the answer.</summary>
    public byte[] ToBytes() => [Socks5Greeting.Version, (byte)Method];
}

using System.Text;

namespace Adit.Socks;

/// <summary>The host names of SOCKS requests.</summary>
internal static class SocksText
{
    /// <summary>The longest host name, in bytes: RFC 1928 section 5 has one byte for its length.</summary>
    public const int MaxNameBytes = byte.MaxValue;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The bytes of a name.</summary>
    /// <exception cref="FormatException">It is too long.</exception>
    public static byte[] Bytes(string name)
    {
        byte[] bytes = Strict.GetBytes(name);
        return bytes.Length <= MaxNameBytes ? bytes : throw new FormatException($"the host name has more than {MaxNameBytes} bytes");
    }

    /// <summary>The name as text.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Name(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("the host name is not in UTF-8", e);
        }
    }
}

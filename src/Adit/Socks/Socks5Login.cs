using System.Globalization;
using System.Text;

namespace Adit.Socks;

/// <summary>A user name and a password for a SOCKS 5 server: RFC 1929 section 2.</summary>
/// <param name="User">The name, 1 to 255 bytes in UTF-8.</param>
/// <param name="Password">The password, likewise.</param>
internal sealed record Socks5Login(string User, string Password)
{
    /// <summary>The first byte of the login, and of the answer to it.</summary>
    public const byte Version = 1;

    /// <summary>The bytes of the login.</summary>
    /// <exception cref="FormatException">The name or the password is empty or too long.</exception>
    public byte[] ToBytes()
    {
        byte[] user = Field(User, "user name");
        byte[] password = Field(Password, "password");
        return [Version, (byte)user.Length, .. user, (byte)password.Length, .. password];
    }

    private static byte[] Field(string text, string what)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length is > 0 and <= byte.MaxValue
            ? bytes
            : throw new FormatException($"the {what} for a SOCKS 5 proxy has 1 to 255 bytes, not {bytes.Length.ToString(CultureInfo.InvariantCulture)}");
    }

    // Not into logs.
    private bool PrintMembers(StringBuilder text)
    {
        text.Append(nameof(User)).Append(" = ").Append(User);
        return true;
    }
}

/// <summary>The answer to a <see cref="Socks5Login"/>.</summary>
/// <param name="IsAccepted">Whether the user is let in.</param>
internal readonly record struct Socks5LoginReply(bool IsAccepted)
{
    private const int Bytes = 2;

    /// <summary>Reads the answer, if all of it is there.</summary>
    /// <param name="bytes">What the server sent so far.</param>
    /// <param name="reply">The answer.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    /// <exception cref="SocksException">It is none.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Socks5LoginReply reply, out int length)
    {
        length = Bytes;
        reply = default;
        if (bytes.Length > 0 && bytes[0] != Socks5Login.Version)
            throw new SocksException(string.Create(CultureInfo.InvariantCulture, $"its answer to the login begins with the version {bytes[0]}"), []);
        if (bytes.Length < Bytes)
            return false;
        reply = new(bytes[1] == 0);
        return true;
    }
}

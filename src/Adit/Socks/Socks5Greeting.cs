namespace Adit.Socks;

/// <summary>The ways to log in that a SOCKS 5 client offers: RFC 1928 section 3.</summary>
/// <param name="OffersNoAuthentication">Whether to do without is one of them.</param>
/// <param name="OffersPassword">Whether a user name and a password are one of them.</param>
internal readonly record struct Socks5Greeting(bool OffersNoAuthentication, bool OffersPassword = false)
{
    /// <summary>Its first byte.</summary>
    public const byte Version = 5;

    private const int FixedBytes = 2;

    /// <summary>Reads the greeting, if all of it is there.</summary>
    /// <param name="bytes">What the client sent so far, from the version on.</param>
    /// <param name="greeting">The greeting.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Socks5Greeting greeting, out int length)
    {
        greeting = default;
        length = bytes.Length < FixedBytes ? FixedBytes : FixedBytes + bytes[1];
        if (bytes.Length < length)
            return false;
        ReadOnlySpan<byte> methods = bytes[FixedBytes..length];
        greeting = new(methods.Contains((byte)Socks5Method.NoAuthentication), methods.Contains((byte)Socks5Method.Password));
        return true;
    }

    /// <summary>The bytes of the greeting.</summary>
    public byte[] ToBytes()
    {
        List<byte> methods = [];
        if (OffersNoAuthentication)
            methods.Add((byte)Socks5Method.NoAuthentication);
        if (OffersPassword)
            methods.Add((byte)Socks5Method.Password);
        return [Version, (byte)methods.Count, .. methods];
    }
}

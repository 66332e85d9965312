namespace Adit.Socks;

/// <summary>A way to log in: RFC 1928 section 3.</summary>
internal enum Socks5Method : byte
{
    /// <summary>None is needed.</summary>
    NoAuthentication = 0,

    /// <summary>None of those that were offered will do.</summary>
    NoneAcceptable = 0xFF,
}

/// <summary>The answer to a SOCKS 5 greeting: RFC 1928 section 3.</summary>
/// <param name="Method">What the server chose.</param>
internal readonly record struct Socks5MethodSelection(Socks5Method Method)
{
    /// <summary>The bytes of the answer.</summary>
    public byte[] ToBytes() => [Socks5Greeting.Version, (byte)Method];
}

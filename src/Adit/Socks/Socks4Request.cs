using System.Buffers.Binary;
using System.Net;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Socks;

/// <summary>
/// What a SOCKS 4 client asks for (Ying-Da Lee, "SOCKS: A protocol for TCP proxy across firewalls", section 1), or a SOCKS 4a client,
/// which leaves a name to be looked up at the far side behind the address 0.0.0.x ("SOCKS 4A: A Simple Extension to SOCKS 4 Protocol").
/// </summary>
/// <param name="Target">What it wants to reach.</param>
internal readonly record struct Socks4Request(Endpoint Target)
{
    /// <summary>Its first byte.</summary>
    public const byte Version = 4;

    // Nobody checks it here; ident servers give a login name.
    private const int MaxUserIdBytes = 512;
    private const int FixedBytes = 8;
    private const byte Connect = 1;

    /// <summary>Reads the request, if all of it is there.</summary>
    /// <param name="bytes">What the client sent so far, from the version on.</param>
    /// <param name="request">The request.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    /// <exception cref="SocksException">It is malformed, or for something that is not served.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Socks4Request request, out int length)
    {
        request = default;
        length = FixedBytes;
        if (bytes.Length > 1 && bytes[1] != Connect)
            throw Failed($"the client asked for SOCKS 4 command {bytes[1]}; only CONNECT is served");
        if (bytes.Length < FixedBytes)
            return false;
        int port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        ReadOnlySpan<byte> address = bytes[4..FixedBytes];
        bool isNamed = address[..3].IndexOfAnyExcept((byte)0) < 0 && address[3] != 0;
        if (!TryReadText(bytes, ref length, MaxUserIdBytes, "user id", out _))
            return false;
        ReadOnlySpan<byte> name = default;
        if (isNamed && !TryReadText(bytes, ref length, SocksText.MaxNameBytes, "host name", out name))
            return false;
        try
        {
            if (port == 0)
                throw new FormatException("0 is not a port");
            request = new(isNamed
                ? Endpoint.Tcp(SocksText.Name(name), port)
                : Endpoint.Tcp(new IPEndPoint(new IPAddress(address), port)));
            return true;
        }
        catch (FormatException e)
        {
            throw Failed($"the client's SOCKS 4 request names no target: {Printable.Text(e.Message)}");
        }
    }

    private static bool TryReadText(ReadOnlySpan<byte> bytes, scoped ref int length, int limit, string what, out ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = bytes[length..];
        int end = rest.IndexOf((byte)0);
        if ((end < 0 ? rest.Length : end) > limit)
            throw Failed($"the {what} of the client's SOCKS 4 request has more than {limit} bytes");
        text = end < 0 ? default : rest[..end];
        length += end + 1;
        return end >= 0;
    }

    private static SocksException Failed(string message) => new(message, new Socks4Reply(IsGranted: false).ToBytes());
}

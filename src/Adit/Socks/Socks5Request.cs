using System.Buffers.Binary;
using System.Net;
using Adit.Relay;

namespace Adit.Socks;

/// <summary>What a SOCKS 5 client asks for: RFC 1928 sections 4 and 5.</summary>
/// <param name="Target">What it wants to reach; a name is left to be looked up at the far side.</param>
internal readonly record struct Socks5Request(Endpoint Target)
{
    private const byte Connect = 1;
    private const byte AddressIpv4 = 1;
    private const byte AddressName = 3;
    private const byte AddressIpv6 = 4;
    private const int HeadBytes = 4;
    private const int PortBytes = 2;

    /// <summary>Reads the request, if all of it is there.</summary>
    /// <param name="bytes">What the client sent behind its greeting so far.</param>
    /// <param name="request">The request.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    /// <exception cref="SocksException">It is malformed, or for something that is not served.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Socks5Request request, out int length)
    {
        request = default;
        length = HeadBytes;
        if (bytes.Length > 0 && bytes[0] != Socks5Greeting.Version)
            throw Failed(Socks5Outcome.GeneralFailure, $"the client's SOCKS 5 request begins with the version {bytes[0]}");
        if (bytes.Length > 1 && bytes[1] != Connect)
            throw Failed(Socks5Outcome.CommandNotSupported, $"the client asked for SOCKS 5 command {bytes[1]}; only CONNECT is served");
        if (bytes.Length < HeadBytes)
            return false;
        int addressAt = HeadBytes;
        int addressBytes;
        switch (bytes[3])
        {
            case AddressIpv4:
                addressBytes = 4;
                break;
            case AddressIpv6:
                addressBytes = 16;
                break;
            case AddressName when bytes.Length == addressAt:
                return false;
            case AddressName:
                addressBytes = bytes[addressAt++];
                break;
            default:
                throw Failed(Socks5Outcome.AddressTypeNotSupported, $"the client's SOCKS 5 request has an address of the unknown type {bytes[3]}");
        }

        length = addressAt + addressBytes + PortBytes;
        if (bytes.Length < length)
            return false;
        request = new(TargetOf(bytes[3], bytes.Slice(addressAt, addressBytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[(length - PortBytes)..])));
        return true;
    }

    private static Endpoint TargetOf(byte type, ReadOnlySpan<byte> address, int port)
    {
        try
        {
            if (port == 0)
                throw new FormatException("0 is not a port");
            return type == AddressName
                ? Endpoint.Tcp(SocksText.Name(address), port)
                : Endpoint.Tcp(new IPEndPoint(new IPAddress(address), port));
        }
        catch (FormatException e)
        {
            throw Failed(Socks5Outcome.GeneralFailure, $"the client's SOCKS 5 request names no target: {Printable.Text(e.Message)}");
        }
    }

    private static SocksException Failed(Socks5Outcome outcome, string message) => new(message, new Socks5Reply(outcome).ToBytes());
}

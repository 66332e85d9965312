using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Wording;

namespace Adit.Socks;

/// <summary>The type of an address: RFC 1928 section 5.</summary>
internal enum Socks5AddressType : byte
{
    /// <summary>Four bytes of IPv4.</summary>
    Ipv4 = 1,

    /// <summary>A name behind its length.</summary>
    Name = 3,

    /// <summary>Sixteen bytes of IPv6.</summary>
    Ipv6 = 4,
}

/// <summary>What a SOCKS 5 client asks for: RFC 1928 sections 4 and 5.</summary>
/// <param name="Target">What it wants to reach; a name is left to be looked up at the far side.</param>
internal readonly record struct Socks5Request(Endpoint Target)
{
    private const byte Connect = 1;
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
        switch ((Socks5AddressType)bytes[3])
        {
            case Socks5AddressType.Ipv4:
                addressBytes = 4;
                break;
            case Socks5AddressType.Ipv6:
                addressBytes = 16;
                break;
            case Socks5AddressType.Name when bytes.Length == addressAt:
                return false;
            case Socks5AddressType.Name:
                addressBytes = bytes[addressAt++];
                break;
            default:
                throw Failed(Socks5Outcome.AddressTypeNotSupported, $"the client's SOCKS 5 request has an address of the unknown type {bytes[3]}");
        }

        length = addressAt + addressBytes + PortBytes;
        if (bytes.Length < length)
            return false;
        request = new(TargetOf((Socks5AddressType)bytes[3], bytes.Slice(addressAt, addressBytes), BinaryPrimitives.ReadUInt16BigEndian(bytes[(length - PortBytes)..])));
        return true;
    }

    /// <summary>The bytes of the request: an address as it is, and a name to be looked up at the far side.</summary>
    /// <exception cref="FormatException">The target is not TCP, or its name is too long.</exception>
    public byte[] ToBytes()
    {
        if (Target.IsUnix || Target.Port == 0)
            throw new FormatException($"{Target} is not a TCP endpoint");
        byte[] port = [(byte)(Target.Port >> 8), (byte)Target.Port];
        if (!IPAddress.TryParse(Target.Host, out IPAddress? address))
        {
            byte[] name = SocksText.Bytes(Target.Host);
            return [Socks5Greeting.Version, Connect, 0, (byte)Socks5AddressType.Name, (byte)name.Length, .. name, .. port];
        }
        Socks5AddressType type = address.AddressFamily == AddressFamily.InterNetwork ? Socks5AddressType.Ipv4 : Socks5AddressType.Ipv6;
        return [Socks5Greeting.Version, Connect, 0, (byte)type, .. address.GetAddressBytes(), .. port];
    }

    private static Endpoint TargetOf(Socks5AddressType type, ReadOnlySpan<byte> address, int port)
    {
        try
        {
            if (port == 0)
                throw new FormatException("0 is not a port");
            return type == Socks5AddressType.Name
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

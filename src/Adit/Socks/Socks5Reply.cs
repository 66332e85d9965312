using System.Globalization;
using Adit.Relay;

namespace Adit.Socks;

/// <summary>What became of a SOCKS 5 request: RFC 1928 section 6.</summary>
internal enum Socks5Outcome : byte
{
    /// <summary>The target was reached.</summary>
    Succeeded = 0,

    /// <summary>A failure that the other words do not cover.</summary>
    GeneralFailure = 1,

    /// <summary>A rule forbids it.</summary>
    NotAllowed = 2,

    /// <summary>The network cannot be reached; here, the connection that leads there is lost.</summary>
    NetworkUnreachable = 3,

    /// <summary>The host cannot be reached or is not known.</summary>
    HostUnreachable = 4,

    /// <summary>Nothing listens there.</summary>
    ConnectionRefused = 5,

    /// <summary>Nothing answered in time.</summary>
    TtlExpired = 6,

    /// <summary>The command is not served.</summary>
    CommandNotSupported = 7,

    /// <summary>The type of the address is not known.</summary>
    AddressTypeNotSupported = 8,
}

/// <summary>The answer to a SOCKS 5 request: RFC 1928 section 6.</summary>
/// <param name="Outcome">What became of it.</param>
internal readonly record struct Socks5Reply(Socks5Outcome Outcome)
{
    private const int HeadBytes = 4;
    private const int PortBytes = 2;

    /// <summary>The answer that says why a connection was refused.</summary>
    public static Socks5Reply To(Refusal refusal) => new(refusal switch
    {
        { Kind: RefusalKind.NotAdmitted } or { Failure: DialFailure.Prohibited } => Socks5Outcome.NotAllowed,
        { Failure: DialFailure.ConnectionLost } => Socks5Outcome.NetworkUnreachable,
        { Failure: DialFailure.Unreachable or DialFailure.NameNotFound } => Socks5Outcome.HostUnreachable,
        { Failure: DialFailure.Refused } => Socks5Outcome.ConnectionRefused,
        { Failure: DialFailure.TimedOut } => Socks5Outcome.TtlExpired,
        _ => Socks5Outcome.GeneralFailure,
    });

    /// <summary>Reads the answer, if all of it is there. The address in it is passed over.</summary>
    /// <param name="bytes">What the server sent behind its choice of a login so far.</param>
    /// <param name="reply">The answer.</param>
    /// <param name="length">How many of the bytes it takes.</param>
    /// <exception cref="SocksException">It is none.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Socks5Reply reply, out int length)
    {
        reply = default;
        length = HeadBytes;
        if (bytes.Length > 0 && bytes[0] != Socks5Greeting.Version)
            throw new SocksException(string.Create(CultureInfo.InvariantCulture, $"its SOCKS 5 reply begins with the version {bytes[0]}"), []);
        if (bytes.Length < HeadBytes)
            return false;
        reply = new((Socks5Outcome)bytes[1]);
        switch ((Socks5AddressType)bytes[3])
        {
            case Socks5AddressType.Ipv4:
                length += 4;
                break;
            case Socks5AddressType.Ipv6:
                length += 16;
                break;
            case Socks5AddressType.Name when bytes.Length == HeadBytes:
                return false;
            case Socks5AddressType.Name:
                length += 1 + bytes[HeadBytes];
                break;
            // Who refuses may leave the address out altogether.
            case var type when reply.Outcome == Socks5Outcome.Succeeded:
                throw new SocksException(string.Create(CultureInfo.InvariantCulture, $"its SOCKS 5 reply has an address of the unknown type {(byte)type}"), []);
            default:
                return true;
        }
        length += PortBytes;
        return bytes.Length >= length;
    }

    /// <summary>The bytes of the answer. The address of this end at the far side is not known, which is said as 0.0.0.0:0.</summary>
    public byte[] ToBytes() => [Socks5Greeting.Version, (byte)Outcome, 0, (byte)Socks5AddressType.Ipv4, 0, 0, 0, 0, 0, 0];
}

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
    private const byte AddressIpv4 = 1;

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

    /// <summary>The bytes of the answer. The address of this end at the far side is not known, which is said as 0.0.0.0:0.</summary>
    public byte[] ToBytes() => [Socks5Greeting.Version, (byte)Outcome, 0, AddressIpv4, 0, 0, 0, 0, 0, 0];
}

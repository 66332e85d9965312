using System.Buffers.Binary;

namespace Adit.Postgres;

/// <summary>
/// The head of the first packet of a PostgreSQL connection: its length with itself, and what it is about (protocol 3.0, "Message Formats":
/// StartupMessage, SSLRequest, GSSENCRequest, CancelRequest).
/// </summary>
/// <param name="Length">All bytes of the packet.</param>
/// <param name="Code">A request, or the version of the protocol.</param>
internal readonly record struct PostgresRequest(int Length, int Code)
{
    /// <summary>The bytes of the head.</summary>
    public const int HeadBytes = 8;

    /// <summary>The bytes of a CancelRequest of all servers up to version 17.</summary>
    public const int LeastCancelBytes = 16;

    // Keys of up to 256 bytes, since protocol 3.2
    private const int MostCancelBytes = 12 + 256;
    private const int CancelCode = (1234 << 16) | 5678;
    private const int TlsCode = (1234 << 16) | 5679;
    private const int GssCode = (1234 << 16) | 5680;
    private const int MajorVersion = 3;

    /// <summary>Asks for TLS.</summary>
    public static PostgresRequest Tls => new(HeadBytes, TlsCode);

    /// <summary>Whether this asks for TLS.</summary>
    public bool IsTls => this == Tls;

    /// <summary>Whether this asks for encryption by GSSAPI.</summary>
    public bool IsGss => this == new PostgresRequest(HeadBytes, GssCode);

    /// <summary>Whether this asks for a query of another connection to be given up; the connection ends with it.</summary>
    public bool IsCancel => Code == CancelCode && Length is >= LeastCancelBytes and <= MostCancelBytes;

    /// <summary>Whether a session begins with this.</summary>
    public bool IsStartup => Code >> 16 == MajorVersion && Length > HeadBytes;

    /// <summary>Reads a head.</summary>
    public static PostgresRequest Read(ReadOnlySpan<byte> head) =>
        new(BinaryPrimitives.ReadInt32BigEndian(head), BinaryPrimitives.ReadInt32BigEndian(head[sizeof(int)..]));

    /// <summary>Writes the head.</summary>
    public void Write(Span<byte> head)
    {
        BinaryPrimitives.WriteInt32BigEndian(head, Length);
        BinaryPrimitives.WriteInt32BigEndian(head[sizeof(int)..], Code);
    }
}

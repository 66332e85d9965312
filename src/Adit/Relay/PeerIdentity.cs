using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>Who is at the other end of a connection within this machine, as the kernel tells it. Immutable plain data.</summary>
/// <param name="Uid">The user who made the peer's socket.</param>
internal sealed record PeerIdentity(uint Uid)
{
    // socket(7): SOL_SOCKET and SO_PEERCRED, which fills struct ucred { pid, uid, gid }.
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;
    private const int CredentialsBytes = 12;

    // SO_PEERPIDFD of Linux 6.5.
    private const int PeerProcess = 77;

    /// <summary>The process of the peer, where it is known.</summary>
    public int? Pid { get; init; }

    /// <summary>The program of that process, where it is known.</summary>
    public string? Executable { get; init; }

    /// <summary>The number of the peer's TCP socket, by which its holders are found; 0 for none.</summary>
    internal ulong SocketInode { get; init; }

    /// <summary>The control group in which the peer's TCP socket was made; null where the kernel does not tell.</summary>
    internal ulong? SocketGroup { get; init; }

    /// <summary>When the process that connected a Unix socket began (<see cref="ProcessStatus.Start"/>); null if it was gone already.</summary>
    internal ulong? ProcessStart { get; init; }

    /// <summary>Whether two identities say the same of the peer; by what it is looked for does not count.</summary>
    public bool Equals(PeerIdentity? other) =>
        other is not null && Uid == other.Uid && Pid == other.Pid && string.Equals(Executable, other.Executable, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Uid, Pid, Executable);

    /// <summary>The identity in words, such as "uid 1000, pid 4711".</summary>
    public override string ToString()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"uid {Uid}");
        if (Pid is { } pid)
            text += string.Create(CultureInfo.InvariantCulture, $", pid {pid}");
        return Executable is null ? text : $"{text}, {Executable}";
    }

    /// <summary>What the kernel noted about the peer of a Unix socket when it connected; null where it notes nothing.</summary>
    internal static PeerIdentity? OfUnixPeer(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> credentials = stackalloc byte[CredentialsBytes];
        if (socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) != CredentialsBytes)
            return null;
        int pid = MemoryMarshal.Read<int>(credentials);
        return new(MemoryMarshal.Read<uint>(credentials[4..]))
        {
            Pid = pid > 0 ? pid : null,
            ProcessStart = pid > 0 ? StartOfUnixPeer(socket, pid) : null,
        };
    }

    // The kernel hands out a handle of the very process that connected. While that says that it lives, the number is its own. An older
    // kernel gives the number alone, which another process may have got since.
    private static ulong? StartOfUnixPeer(Socket socket, int pid)
    {
        ulong? start = ProcessStatus.Look(pid) is { HasEnded: false } process ? process.Start : null;
        Span<byte> option = stackalloc byte[sizeof(int)];
        try
        {
            if (socket.GetRawSocketOption(SocketLevel, PeerProcess, option) != sizeof(int))
                return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ProtocolOption ? start : null;
        }
        int handle = MemoryMarshal.Read<int>(option);
        bool? ended = ProcessCalls.HasEnded(handle);
        _ = ProcessCalls.Close(handle);
        return ended == false ? start : null;
    }
}

/// <summary>The two ends of an accepted connection within this machine, by which its peer can be found. Immutable plain data.</summary>
internal sealed record PeerSocket
{
    private PeerSocket()
    {
    }

    /// <summary>The peer's address and port; null for a Unix socket.</summary>
    public IPEndPoint? Remote { get; private init; }

    /// <summary>Our address and port; null for a Unix socket.</summary>
    public IPEndPoint? Local { get; private init; }

    /// <summary>What the kernel noted about the peer of a Unix socket when it connected (SO_PEERCRED); null for TCP.</summary>
    public PeerIdentity? Credentials { get; private init; }

    /// <summary>A TCP connection.</summary>
    public static PeerSocket Tcp(IPEndPoint remote, IPEndPoint local) => new() { Remote = remote, Local = local };

    /// <summary>A Unix socket's connection.</summary>
    public static PeerSocket Unix(PeerIdentity? credentials) => new() { Credentials = credentials };
}

/// <summary>Finds out who a peer is. Implementations are safe for concurrent calls.</summary>
internal interface IPeerIdentifier
{
    /// <summary>Asks for the identity of a peer.</summary>
    /// <returns>The identity, or null where it cannot be determined, which an admission takes for a refusal.</returns>
    ValueTask<PeerIdentity?> IdentifyAsync(PeerSocket peer, CancellationToken cancellationToken);
}

using System.Net;
using System.Net.Sockets;
using Adit.Platform;

namespace Adit.Relay;

/// <summary>A connection that came in on a socket of this machine.</summary>
internal sealed class SocketConnection : IncomingConnection
{
    private readonly SocketDuplex _duplex;

    private SocketConnection(SocketDuplex duplex, ConnectionOrigin origin, Endpoint localEndpoint, Leg leg, PeerSocket peer)
    {
        _duplex = duplex;
        Origin = origin;
        LocalEndpoint = localEndpoint;
        Leg = leg;
        Peer = peer;
    }

    public override ConnectionOrigin Origin { get; }

    public override Endpoint LocalEndpoint { get; }

    public override Leg Leg { get; }

    public override PeerSocket Peer { get; }

    /// <inheritdoc cref="SocketDuplex.Resets"/>
    internal bool Resets
    {
        get => _duplex.Resets;
        set => _duplex.Resets = value;
    }

    public override bool IsConnected => _duplex.IsConnected;

    /// <summary>Takes an accepted socket over, and closes it if it broke already.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    internal static SocketConnection From(Socket socket, string? unixPath)
    {
        try
        {
            return unixPath is null ? FromTcp(socket) : FromUnix(socket, unixPath);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) => new(_duplex);

    // A reset, since an end in order would look like a server that has nothing to say, and a client that had sent its question and
    // ended its direction would take the silence for the answer.
    public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken)
    {
        _duplex.Abort();
        return _duplex.DisposeAsync();
    }

    public override ValueTask DisposeAsync() => RefuseAsync(new(RefusalKind.Stopping, "not answered"), CancellationToken.None);

    private static SocketConnection FromTcp(Socket socket)
    {
        IPEndPoint remote = Unmapped(socket.RemoteEndPoint!);
        IPEndPoint local = Unmapped(socket.LocalEndPoint!);
        bool sameMachine = TcpOptions.IsWithinMachine(remote.Address, local.Address);
        ConnectionOrigin origin = ConnectionOrigin.From(remote);
        Endpoint end = Endpoint.Tcp(local);
        Leg leg = sameMachine
            ? new("app", end.ToString(), LegProtection.None) { Within = Machine.ThisName }
            : new(origin.ToString(), end.ToString(), LegProtection.None);
        return new(new SocketDuplex(socket), origin, end, leg, PeerSocket.Tcp(remote, local));
    }

    // An inherited socket may take connections of IPv4 at an address of IPv6; the peer's own socket knows the former only.
    private static IPEndPoint Unmapped(EndPoint end) => new(Endpoint.Unmapped(((IPEndPoint)end).Address), ((IPEndPoint)end).Port);

    private static SocketConnection FromUnix(Socket socket, string path)
    {
        Leg leg = new("app", path, LegProtection.None) { Within = Machine.ThisName };
        return new(new SocketDuplex(socket), new ConnectionOrigin(path, 0), Endpoint.Unix(path), leg, PeerSocket.Unix(PeerIdentity.OfUnixPeer(socket)));
    }
}

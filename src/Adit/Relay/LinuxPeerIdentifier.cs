namespace Adit.Relay;

/// <summary>
/// Finds the peer of a TCP connection through the kernel's table of sockets: by sock_diag(7), which looks one connection up however
/// many there are, or where that is not allowed in /proc/net/tcp and tcp6.
/// </summary>
internal sealed class LinuxPeerIdentifier : IPeerIdentifier
{
    private readonly bool _useSockDiag;

    internal LinuxPeerIdentifier(bool useSockDiag = true) => _useSockDiag = useSockDiag;

    public ValueTask<PeerIdentity?> IdentifyAsync(PeerSocket peer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        return new(Identify(peer));
    }

    private PeerIdentity? Identify(PeerSocket peer)
    {
        if (peer.Remote is null || peer.Local is null)
            return peer.Credentials;
        // The peer's socket is the one whose own end is our remote end.
        if (!_useSockDiag || !SockDiag.TryFind(peer.Remote, peer.Local, out KernelSocket? found))
            found = ProcNetTcp.Find(peer.Remote, peer.Local);
        // A socket that its process has closed stands there without inode and as if root owned it. Nobody can be named then.
        return found is { Inode: not 0 } socket
            ? new PeerIdentity(socket.Uid) { SocketInode = socket.Inode, SocketGroup = socket.Group }
            : null;
    }
}

/// <summary>On systems whose kernel is not asked yet: nobody is known, so only admissions that ask for nobody admit.</summary>
internal sealed class UnknownPeerIdentifier : IPeerIdentifier
{
    public ValueTask<PeerIdentity?> IdentifyAsync(PeerSocket peer, CancellationToken cancellationToken) => new(peer.Credentials);
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Adit.Platform;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Relay;

[SupportedOSPlatform("linux")]
public sealed class PeerIdentityTests
{
    public static TheoryData<string, string, bool> Connections => new()
    {
        { "127.0.0.1", "127.0.0.1", true },
        { "127.0.0.1", "127.0.0.1", false },
        { "::1", "::1", true },
        { "::1", "::1", false },
        // A client that reaches IPv4 through an IPv6 socket, as Java's and many others do.
        { "127.0.0.1", "::ffff:127.0.0.1", true },
        { "127.0.0.1", "::ffff:127.0.0.1", false },
    };

    [Theory]
    [MemberData(nameof(Connections))]
    public async Task A_peer_is_found_by_the_ends_of_its_connection(string listen, string connect, bool sockDiag)
    {
        using TcpPair pair = TcpPair.Connect(listen, connect);
        Assert.Equal(new PeerIdentity(LinuxCalls.GetEffectiveUserId()), await IdentifyAsync(pair.Peer, sockDiag));
    }

    [Theory]
    [MemberData(nameof(Connections))]
    [Trait("Surface", "S0-8")]
    public async Task Another_users_peer_is_found_as_that_user(string listen, string connect, bool sockDiag)
    {
        if (!OtherUser.IsPossible)
            return;
        using TcpPair pair = TcpPair.Connect(listen, connect, asOtherUser: true);
        Assert.Equal(new PeerIdentity(OtherUser.Uid), await IdentifyAsync(pair.Peer, sockDiag));
    }

    [Theory]
    [MemberData(nameof(Connections))]
    public async Task A_peer_that_has_closed_its_socket_is_nobody_and_not_root(string listen, string connect, bool sockDiag)
    {
        using TcpPair pair = TcpPair.Connect(listen, connect);
        pair.Client.Send(new byte[] { 1 });
        pair.Client.Dispose();
        Assert.Null(await IdentifyAsync(pair.Peer, sockDiag));
    }

    [Theory]
    [MemberData(nameof(Connections))]
    public async Task A_peer_that_only_ended_its_direction_is_still_known(string listen, string connect, bool sockDiag)
    {
        using TcpPair pair = TcpPair.Connect(listen, connect);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.NotNull(await IdentifyAsync(pair.Peer, sockDiag));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_listener_of_the_same_end_is_not_taken_for_the_peer(bool sockDiag)
    {
        using TcpPair pair = TcpPair.Connect("127.0.0.1", "127.0.0.1");
        // The kernel falls back to a listener at the asked end where it has no connection.
        IPEndPoint listener = pair.Peer.Local!;
        Assert.Null(await IdentifyAsync(PeerSocket.Tcp(listener, new(IPAddress.Loopback, 1)), sockDiag));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ends_that_nobody_has_and_mixed_families_are_nobody(bool sockDiag)
    {
        Assert.Null(await IdentifyAsync(PeerSocket.Tcp(new(IPAddress.Loopback, 1), new(IPAddress.Loopback, 2)), sockDiag));
        Assert.Null(await IdentifyAsync(PeerSocket.Tcp(new(IPAddress.Loopback, 1), new(IPAddress.IPv6Loopback, 2)), sockDiag));
        Assert.Null(await IdentifyAsync(PeerSocket.Tcp(new(IPAddress.Parse("192.0.2.77"), 9), new(IPAddress.Loopback, 2)), sockDiag));
    }

    [Fact]
    public async Task The_peer_of_a_unix_socket_is_whom_the_kernel_noted()
    {
        PeerIdentity noted = new(1234) { Pid = 99 };
        Assert.Equal(noted, await IdentifyAsync(PeerSocket.Unix(noted), sockDiag: true));
        Assert.Null(await IdentifyAsync(PeerSocket.Unix(null), sockDiag: true));
        Assert.Equal("uid 1234, pid 99", noted.ToString());
    }

    [Fact]
    public void This_kernel_answers_by_sock_diag_so_that_both_ways_are_tested()
    {
        using TcpPair pair = TcpPair.Connect("127.0.0.1", "127.0.0.1");
        Assert.True(SockDiag.TryFind(pair.Peer.Remote!, pair.Peer.Local!, out KernelSocket? found));
        Assert.Equal(TcpState.Established, found!.Value.State);
        Assert.Equal(ProcNetTcp.Find(pair.Peer.Remote!, pair.Peer.Local!)!.Value.Inode, found.Value.Inode);
    }

    private const string Row =
        "   1: 0100007F:1538 0200007F:8B8A 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 20 4 30 10 -1";

    [Fact]
    public void A_row_of_the_kernels_table_is_read()
    {
        Assert.Equal(
            new KernelSocket(
                new(IPAddress.Parse("127.0.0.1"), 5432), new(IPAddress.Parse("127.0.0.2"), 0x8b8a), TcpState.Established, 1000, 4711),
            ProcNetTcp.ParseRow(Row));
        Assert.Equal(
            new IPEndPoint(IPAddress.IPv6Loopback, 22),
            ProcNetTcp.ParseRow(Row.Replace("0100007F:1538", "00000000000000000000000001000000:0016", StringComparison.Ordinal))!.Value.Local);
    }

    [Fact]
    public void A_row_that_is_cut_or_damaged_is_left_out()
    {
        int needed = Row.IndexOf("4711", StringComparison.Ordinal) + 1;
        for (int length = 0; length < needed; length++)
            Assert.Null(ProcNetTcp.ParseRow(Row.AsSpan(0, length)));
        foreach (string damage in (string[])["0100007F:1538", "0200007F:8B8A", " 01 ", "1000", "4711"])
            Assert.Null(ProcNetTcp.ParseRow(Row.Replace(damage, damage.Replace('0', 'x').Replace('4', 'x'), StringComparison.Ordinal)));
        Assert.Null(ProcNetTcp.ParseRow("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"));
    }

    private static async Task<PeerIdentity?> IdentifyAsync(PeerSocket peer, bool sockDiag) =>
        await new LinuxPeerIdentifier(sockDiag).IdentifyAsync(peer, default);
}

/// <summary>A TCP connection of which both sockets are at hand.</summary>
internal sealed class TcpPair : IDisposable
{
    private readonly Socket _listener;
    private readonly Socket _accepted;

    private TcpPair(Socket listener, Socket client, Socket accepted)
    {
        _listener = listener;
        Client = client;
        _accepted = accepted;
        Peer = PeerSocket.Tcp((IPEndPoint)accepted.RemoteEndPoint!, (IPEndPoint)accepted.LocalEndPoint!);
    }

    public Socket Client { get; }

    public PeerSocket Peer { get; }

    public static TcpPair Connect(string listen, string connect, bool asOtherUser = false)
    {
        IPAddress address = IPAddress.Parse(listen);
        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        IPEndPoint target = new(IPAddress.Parse(connect), ((IPEndPoint)listener.LocalEndPoint!).Port);
        Socket client = asOtherUser ? OtherUser.Run(() => Connected(target)) : Connected(target);
        return new(listener, client, listener.Accept());
    }

    public static Socket Connected(IPEndPoint target)
    {
        Socket client = new(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (target.AddressFamily == AddressFamily.InterNetworkV6)
            client.DualMode = true;
        client.Connect(target);
        return client;
    }

    public void Dispose()
    {
        Client.Dispose();
        _accepted.Dispose();
        _listener.Dispose();
    }
}

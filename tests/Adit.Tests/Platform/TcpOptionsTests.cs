using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Platform;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Platform;

public sealed class TcpOptionsTests
{
    private const int LevelTcp = 6;
    private const int CongestionControl = 13;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task A_connection_within_the_machine_is_not_paced(string address)
    {
        (Socket client, Socket server) = await ConnectAsync(IPAddress.Parse(address));
        await using var near = new SocketDuplex(client);
        await using var far = new SocketDuplex(server);
        Assert.Equal("reno", AlgorithmOf(client));
        Assert.Equal("reno", AlgorithmOf(server));
    }

    [Fact]
    public void What_is_no_connection_is_left_as_it_is()
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string before = AlgorithmOf(tcp);
        TcpOptions.SendUnpacedWithinMachine(tcp);
        TcpOptions.SendUnpacedWithinMachine(unix);
        Assert.Equal(before, AlgorithmOf(tcp));
        Assert.False(TcpOptions.TryLimitUnsent(unix, 4096));
        Assert.True(TcpOptions.TryLimitUnsent(tcp, 4096));
        tcp.Dispose();
        TcpOptions.SendUnpacedWithinMachine(tcp);
        Assert.False(TcpOptions.TryAcknowledge(tcp));
        Assert.False(TcpOptions.IsConnected(tcp));
    }

    private static string AlgorithmOf(Socket socket)
    {
        byte[] name = new byte[16];
        socket.GetRawSocketOption(LevelTcp, CongestionControl, name);
        return Encoding.ASCII.GetString(name).TrimEnd('\0');
    }

    private static async Task<(Socket Client, Socket Server)> ConnectAsync(IPAddress address)
    {
        using var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.IsIPv4MappedToIPv6)
            listener.DualMode = true;
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.IsIPv4MappedToIPv6)
            client.DualMode = true;
        await client.ConnectAsync(listener.LocalEndPoint!).TestTime();
        return (client, await listener.AcceptAsync().TestTime());
    }
}

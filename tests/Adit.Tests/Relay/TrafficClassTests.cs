using System.Net;
using System.Net.Sockets;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Relay;

/// <summary>IPQoS: the mark is on the first packet already, as the kernel keeps it for the one who accepts.</summary>
public sealed class TrafficClassTests
{
    private const int LevelTcp = 6;
    private const int SaveSyn = 27;
    private const int SavedSyn = 28;

    [Theory]
    [InlineData("127.0.0.1", null, 0)]
    [InlineData("127.0.0.1", 0xb8, 0xb8)]
    [InlineData("127.0.0.1", 0x20, 0x20)]
    [InlineData("::1", null, 0)]
    [InlineData("::1", 0xb8, 0xb8)]
    [InlineData("::1", 0x48, 0x48)]
    public async Task The_first_packet_is_marked(string address, int? asked, byte marked)
    {
        IPAddress server = IPAddress.Parse(address);
        using var listener = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.SetRawSocketOption(LevelTcp, SaveSyn, BitConverter.GetBytes(1));
        listener.Bind(new IPEndPoint(server, 0));
        listener.Listen();

        var dialer = new TcpDialer(new() { TrafficClass = (byte?)asked });
        DialedConnection dialed = await dialer
            .DialAsync(Endpoint.Tcp(address, ((IPEndPoint)listener.LocalEndPoint!).Port), ConnectionOrigin.ThisProcess, default).AsTask().TestTime();
        await using Duplex duplex = dialed.Duplex;
        using Socket accepted = await listener.AcceptAsync().TestTime();

        byte[] header = new byte[120]; // with that of TCP, or the kernel gives nothing
        Assert.True(accepted.GetRawSocketOption(LevelTcp, SavedSyn, header) > 0);
        // RFC 791 section 3.1; RFC 8200 section 3.
        Assert.Equal(marked, header[0] >> 4 == 4 ? header[1] : (byte)((header[0] << 4) | (header[1] >> 4)));
    }
}

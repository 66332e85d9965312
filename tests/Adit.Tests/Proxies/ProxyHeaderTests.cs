using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Proxies;
using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Proxies;

public sealed class ProxyHeaderTests
{
    private const string Signature = "0d0a0d0a000d0a515549540a";

    [Theory]
    [InlineData("192.168.0.1", 56324, "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("::ffff:192.168.0.1", 56324, "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("2001:db8::1", 1, "[fe80::2%3]:2", "PROXY TCP6 2001:db8::1 fe80::2 1 2\r\n")]
    [InlineData("fe80:1234:5678:9abc::5efe:192.168.100.100", 65535, "[fe80:1234:5678:9abc::5efe:192.168.100.100]:65535",
        "PROXY TCP6 fe80:1234:5678:9abc:0:5efe:c0a8:6464 fe80:1234:5678:9abc:0:5efe:c0a8:6464 65535 65535\r\n")]
    [InlineData("192.168.0.1", 56324, "[::1]:443", "PROXY UNKNOWN\r\n")]
    [InlineData("192.168.0.1", 56324, "/run/x.sock", "PROXY UNKNOWN\r\n")]
    [InlineData("192.168.0.1", 56324, null, "PROXY UNKNOWN\r\n")]
    [InlineData("/run/x.sock", 0, "/run/x.sock", "PROXY UNKNOWN\r\n")]
    [InlineData("1.1.1.1 2.2.2.2 1 2\r\nX", 0, "192.168.0.11:443", "PROXY UNKNOWN\r\n")]
    public void Version_1_is_a_line(string address, int port, string? local, string line) =>
        Assert.Equal(line, Encoding.ASCII.GetString(Header(ProxyHeaderVersion.Text, address, port, local)));

    [Theory]
    [InlineData("192.168.0.1", 56324, "192.168.0.11:443", "2111000cc0a80001c0a8000bdc0401bb")]
    [InlineData("2001:db8::1", 1, "[::1]:2", "2121002420010db80000000000000000000000010000000000000000000000000000000100010002")]
    [InlineData("192.168.0.1", 56324, "[::1]:443", "21000000")]
    [InlineData("/run/x.sock", 0, "/run/x.sock", "21000000")]
    public void Version_2_is_binary(string address, int port, string? local, string behindSignature) =>
        Assert.Equal(Signature + behindSignature, Convert.ToHexStringLower(Header(ProxyHeaderVersion.Binary, address, port, local)));

    [Theory]
    [InlineData((int)ProxyHeaderVersion.Text)]
    [InlineData((int)ProxyHeaderVersion.Binary)]
    public void The_longest_header_fits(int number)
    {
        ProxyHeaderVersion version = (ProxyHeaderVersion)number;
        const string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        Assert.InRange(Header(version, longest, 65535, $"[{longest}]:65535").Length, 1, ProxyHeader.MaxBytes);
        Assert.Throws<ArgumentException>(() => ProxyHeader.Write(new byte[51], version, new(longest, 65535), Endpoint.Parse($"[{longest}]:65535")));
    }

    [Fact]
    public async Task The_target_hears_the_header_before_anything_else()
    {
        FakeDialer inner = new();
        ProxyHeaderDialer dialer = new(inner, ProxyHeaderVersion.Text);
        ConnectionOrigin origin = new("192.0.2.1", 1000) { Local = Endpoint.Parse("192.0.2.2:443") };
        DialedConnection dialed = await dialer.DialAsync(Endpoint.Parse("db:5432"), origin, default).AsTask().TestTime();
        MemoryDuplex target = await inner.NextServerAsync().TestTime();
        await dialed.Duplex.SendAsync("hello"u8.ToArray(), complete: true);
        Assert.Equal("PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\nhello", Encoding.ASCII.GetString(await target.ReadToEndAsync().TestTime()));
        Assert.Equal("this machine → db:5432 (PLAINTEXT)", dialed.Route.ToString());
    }

    [Fact]
    public async Task A_target_that_is_gone_before_the_header_is_a_failed_dial()
    {
        ProxyHeaderDialer dialer = new(new GoneDialer(), ProxyHeaderVersion.Binary);
        DialException failed = await Assert.ThrowsAsync<DialException>(
            () => dialer.DialAsync(Endpoint.Parse("db:5432"), ConnectionOrigin.ThisProcess, default).AsTask()).TestTime();
        Assert.Equal(DialFailure.ConnectionLost, failed.Failure);
    }

    [Fact]
    public async Task A_forward_notes_at_which_end_the_connection_came_in()
    {
        FakeDialer inner = new();
        LocalListener listener = await LocalListener.BindAsync(ListenSpec.Tcp(0, "127.0.0.1"));
        Endpoint end = Assert.Single(listener.Endpoints);
        await using Forward forward = Forward.Start(listener, Endpoint.Parse("db:5432"), new ProxyHeaderDialer(inner, ProxyHeaderVersion.Text));
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, end.Port).TestTime();
        string line = $"PROXY TCP4 127.0.0.1 127.0.0.1 {((IPEndPoint)client.LocalEndPoint!).Port} {end.Port}\r\n";
        MemoryDuplex target = await inner.NextServerAsync().TestTime();
        Assert.Equal(line, Encoding.ASCII.GetString(await target.ReadExactlyAsync(line.Length).TestTime()));
    }

    private static byte[] Header(ProxyHeaderVersion version, string address, int port, string? local)
    {
        byte[] header = new byte[ProxyHeader.MaxBytes];
        int length = ProxyHeader.Write(header, version, new(address, port), local is null ? null : Endpoint.Parse(local));
        return header[..length];
    }

    private sealed class GoneDialer : IDialer
    {
        public ValueTask<DialedConnection> DialAsync(Endpoint target, ConnectionOrigin origin, CancellationToken cancellationToken)
        {
            (MemoryDuplex near, _) = MemoryDuplex.Pair();
            near.Abort();
            return new(new DialedConnection(near, new Route(new Leg("this machine", target.ToString(), LegProtection.None))));
        }
    }
}

using System.Net;
using System.Net.Sockets;
using Adit.Gateway.Audit;
using Adit.Ssh;
using Adit.Ssh.Connection;
using Adit.Ssh.Messages.Connection;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>Where clients have the gateway listen: tcpip-forward and streamlocal-forward.</summary>
public class RemoteForwardTests
{
    [Fact]
    public async Task Port_0_gets_a_free_port_whose_connections_reach_the_client()
    {
        await using TestGateway gateway = new();
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker);
        int port = (int)await ListenAsync(client, "localhost", 0);
        GatewayEvent opened = await gateway.Events.Heard(GatewayEventKind.ForwardOpened);
        Assert.Equal($"localhost:{port}", opened.Target);
        Assert.Contains($"127.0.0.1:{port}", opened.Bound, StringComparison.Ordinal);

        using TcpClient visitor = new();
        await visitor.ConnectAsync(IPAddress.Loopback, port).TestTime();
        (string type, byte[] fields, Channel channel) = await taker.NextAsync();
        DirectTcpip forwarded = DirectTcpip.Read(fields);
        Assert.Equal(("forwarded-tcpip", "localhost", (uint)port, "127.0.0.1", (uint)((IPEndPoint)visitor.Client.LocalEndPoint!).Port),
            (type, forwarded.Host, forwarded.Port, forwarded.OriginatorAddress, forwarded.OriginatorPort));
        NetworkStream stream = visitor.GetStream();
        await stream.WriteAsync(new byte[] { 1, 2, 3 });
        visitor.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], await channel.ExchangeAsync([4, 5]));
        byte[] back = new byte[3];
        Assert.Equal(2, await stream.ReadAtLeastAsync(back, 3, throwOnEndOfStream: false).AsTask().TestTime());
        await channel.DisposeAsync();
        GatewayEvent closed = await gateway.Events.Heard(GatewayEventKind.ChannelClosed);
        Assert.Equal(($"the client's forward of localhost:{port}", 3, 2), (closed.Target, closed.BytesOut, closed.BytesIn));
    }

    [Fact]
    public async Task A_cancelled_forward_listens_no_longer_and_its_connections_go_on()
    {
        await using TestGateway gateway = new();
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker);
        uint port = await ListenAsync(client, "localhost", 0);
        using TcpClient visitor = new();
        await visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime();
        (_, _, Channel channel) = await taker.NextAsync();
        Assert.Null(await CancelAsync(client, "127.0.0.1", port));
        Assert.NotNull(await CancelAsync(client, "localhost", port));
        Assert.Null(await CancelAsync(client, "localhost", port));
        await gateway.Events.Heard(GatewayEventKind.ForwardClosed);
        using TcpClient late = new();
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, (int)port).TestTime());
        NetworkStream stream = visitor.GetStream();
        visitor.Client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await channel.ExchangeAsync([9]));
        byte[] back = new byte[2];
        Assert.Equal(1, await stream.ReadAtLeastAsync(back, 2, throwOnEndOfStream: false).AsTask().TestTime());

        Assert.NotNull(await RequestAsync(client, "localhost", port));
    }

    [Fact]
    public async Task A_second_request_for_the_same_port_is_refused_and_the_first_stays()
    {
        await using TestGateway gateway = new();
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker), other = await gateway.ConnectAsync("ann");
        uint port = await ListenAsync(client, "localhost", 0);
        Assert.Null(await RequestAsync(client, "localhost", port));
        Assert.Equal("the client has it already", (await gateway.Events.Heard(GatewayEventKind.ForwardRefused)).Detail);
        Assert.Null(await RequestAsync(client, "127.0.0.1", port));
        Assert.Null(await RequestAsync(other, "localhost", port));
        Assert.Contains("cannot listen on", (await gateway.Events.Heard(GatewayEventKind.ForwardRefused, e => e.User == "ann")).Detail, StringComparison.Ordinal);
        using TcpClient visitor = new();
        await visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime();
        await taker.NextAsync();
    }

    [Theory]
    [InlineData("AllowTcpForwarding local", "", "localhost", 0, "AllowTcpForwarding does not allow this direction")]
    [InlineData("PermitListen 8080", "", "localhost", 0, "PermitListen does not permit it")]
    [InlineData("PermitListen none", "", "localhost", 8080, "PermitListen does not permit it")]
    [InlineData("PermitListen 127.0.0.1:*", "", "localhost", 0, "PermitListen does not permit it")]
    [InlineData("", "permitlisten=\"8080\"", "localhost", 0, "permitlisten of the key does not permit it")]
    [InlineData("", "restrict", "localhost", 0, "the options of the key, or of its certificate, do not permit port-forwarding")]
    [InlineData("", "", "localhost", 80, "ports below 1024 have to be permitted by name (PermitListen)")]
    [InlineData("", "", "localhost", 65536, "65536 is not a port")]
    [InlineData("AditPermitListen otherhost:*", "", "localhost", 0, "AditPermitListen: no rule permits it")]
    [InlineData("GatewayPorts yes\nAditPermitListen 127.0.0.0/8:*", "", "", 0, "AditPermitListen: no rule permits it")]
    [InlineData("GatewayPorts clientspecified", "", "a b", 0, "\"a b\" is not a host name or address")]
    [InlineData("GatewayPorts clientspecified", "", "192.0.2.99", 0, "cannot listen on 192.0.2.99")]
    public async Task What_is_not_permitted_is_refused_and_nothing_is_bound(string config, string keyOptions, string address, int port, string reason)
    {
        await using TestGateway gateway = new(config, keyOptions);
        SshConnection client = await gateway.ConnectAsync();
        Assert.Null(await RequestAsync(client, address, (uint)port));
        Assert.Contains(reason, (await gateway.Events.Heard(GatewayEventKind.ForwardRefused)).Detail, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.ForwardOpened));
        Assert.False(client.Closed.IsCompleted);
    }

    [Fact]
    public async Task The_answer_to_a_given_port_is_empty_and_GatewayPorts_no_keeps_it_on_loopback()
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        uint port = await ListenAsync(client, "localhost", 0);
        await CancelAsync(client, "localhost", port);
        byte[]? answer = await RequestAsync(client, "", port);
        Assert.Empty(answer!);
        GatewayEvent opened = await gateway.Events.Heard(GatewayEventKind.ForwardOpened, e => e.Target == $"*:{port}");
        Assert.DoesNotContain("0.0.0.0", opened.Bound, StringComparison.Ordinal);
        Assert.NotNull(await CancelAsync(client, "", port));
    }

    [Fact]
    public async Task Port_0_without_a_wish_for_an_answer_is_refused()
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        client.Notify(TcpipForward.RequestName, new TcpipForward("localhost", 0).ToFields());
        Assert.Equal("the client asks for any port and does not want to hear which", (await gateway.Events.Heard(GatewayEventKind.ForwardRefused)).Detail);
    }

    [Fact]
    public async Task A_visitor_whom_the_client_refuses_is_sent_away()
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync(handler: new ForwardTaker { Refuses = true });
        uint port = await ListenAsync(client, "localhost", 0);
        using TcpClient visitor = new();
        await Record.ExceptionAsync(() => visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime());
        Assert.Contains("nobody is at home", (await gateway.Events.Heard(GatewayEventKind.ChannelRefused)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AditPermitFrom_decides_who_may_connect()
    {
        await using TestGateway gateway = new("AditPermitFrom 192.0.2.0/24");
        SshConnection client = await gateway.ConnectAsync(handler: new ForwardTaker());
        uint port = await ListenAsync(client, "localhost", 0);
        using TcpClient visitor = new();
        await Record.ExceptionAsync(() => visitor.ConnectAsync(IPAddress.Loopback, (int)port).TestTime());
        Assert.Contains("AditPermitFrom does not permit the address", (await gateway.Events.Heard(GatewayEventKind.ChannelRefused)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_is_listened_at_with_its_owners_rights_and_removed_in_the_end()
    {
        await using TestGateway gateway = new();
        ForwardTaker taker = new();
        SshConnection client = await gateway.ConnectAsync(handler: taker);
        string path = $"{gateway.Folder}/r.sock";
        byte[] fields = new StreamLocalForward(path).ToFields();
        Assert.NotNull(await client.RequestAsync(StreamLocalForward.RequestName, fields).AsTask().TestTime());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using Socket visitor = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await visitor.ConnectAsync(new UnixDomainSocketEndPoint(path)).TestTime();
        (string type, byte[] opened, Channel channel) = await taker.NextAsync();
        Assert.Equal(("forwarded-streamlocal@openssh.com", path), (type, ForwardedStreamLocal.Read(opened).SocketPath));
        visitor.Shutdown(SocketShutdown.Send);
        Assert.Empty(await channel.ExchangeAsync([1]));
        Assert.Null(await client.RequestAsync(StreamLocalForward.RequestName, fields).AsTask().TestTime());
        Assert.NotNull(await client.RequestAsync(StreamLocalForward.CancelName, fields).AsTask().TestTime());
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("StreamLocalBindUnlink yes", false)]
    public async Task A_file_in_the_place_of_a_socket_is_never_removed(string config, bool listens)
    {
        await using TestGateway gateway = new(config);
        string path = gateway.Write("precious", "text");
        SshConnection client = await gateway.ConnectAsync();
        Assert.Equal(listens, await client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward(path).ToFields()).AsTask().TestTime() is not null);
        Assert.Equal("text", await File.ReadAllTextAsync(path));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("StreamLocalBindUnlink yes", true)]
    public async Task A_live_socket_gives_way_only_to_StreamLocalBindUnlink(string config, bool listens)
    {
        await using TestGateway gateway = new(config);
        using EchoServer echo = new($"{gateway.Folder}/live.sock");
        SshConnection client = await gateway.ConnectAsync();
        Assert.Equal(listens,
            await client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward($"{gateway.Folder}/live.sock").ToFields()).AsTask().TestTime() is not null);
    }

    [Theory]
    [InlineData("relative.sock")]
    [InlineData("@abstract")]
    [InlineData("/no/such/folder/x.sock")]
    [InlineData("/tmp/\n\u001b[31mx\0y")]
    public async Task A_path_that_cannot_be_one_is_refused(string path)
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        Assert.Null(await client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward(path).ToFields()).AsTask().TestTime());
        GatewayEvent refused = await gateway.Events.Heard(GatewayEventKind.ForwardRefused);
        Assert.DoesNotContain(refused.Detail!, char.IsControl);
        Assert.DoesNotContain(refused.Target!, char.IsControl);
    }

    [Fact]
    public async Task A_path_that_is_too_long_for_the_system_is_refused()
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        Assert.Null(await client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward("/" + new string('x', 200)).ToFields()).AsTask().TestTime());
        Assert.Null(await client.RequestAsync(StreamLocalForward.RequestName, new StreamLocalForward("/" + new string('x', 5000)).ToFields()).AsTask().TestTime());
        Assert.NotNull(await RequestAsync(client, "localhost", 0));
    }

    [Theory]
    [InlineData("tcpip-forward")]
    [InlineData("cancel-tcpip-forward")]
    [InlineData("streamlocal-forward@openssh.com")]
    public async Task A_malformed_request_ends_the_connection(string name)
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        await Assert.ThrowsAsync<SshClosedException>(() => client.RequestAsync(name, [1, 2, 3]).AsTask().TestTime());
        Assert.Equal("ProtocolError", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Reason);
    }

    [Fact]
    public async Task An_unknown_request_is_answered_with_no_in_its_turn()
    {
        await using TestGateway gateway = new();
        SshConnection client = await gateway.ConnectAsync();
        Task<byte[]?> first = RequestAsync(client, "localhost", 0), second = client.RequestAsync("make-coffee@example.com", []).AsTask().TestTime();
        Assert.NotNull(await first);
        Assert.Null(await second);
    }

    [Fact]
    public async Task All_is_free_again_when_the_client_is_gone()
    {
        await using TestGateway gateway = new("AditMaxListeners 1");
        SshConnection client = await gateway.ConnectAsync();
        uint port = await ListenAsync(client, "localhost", 0);
        await client.DisposeAsync();
        await gateway.LastServed.TestTime();
        SshConnection next = await gateway.ConnectAsync();
        Assert.NotNull(await RequestAsync(next, "localhost", port));
    }

    private static async Task<uint> ListenAsync(SshConnection client, string address, uint port) =>
        TcpipForwardReply.Read(await RequestAsync(client, address, port)).Port;

    private static Task<byte[]?> RequestAsync(SshConnection client, string address, uint port) =>
        client.RequestAsync(TcpipForward.RequestName, new TcpipForward(address, port).ToFields()).AsTask().TestTime();

    private static Task<byte[]?> CancelAsync(SshConnection client, string address, uint port) =>
        client.RequestAsync(TcpipForward.CancelName, new TcpipForward(address, port).ToFields()).AsTask().TestTime();
}

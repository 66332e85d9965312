using System.Net;
using System.Net.Sockets;
using System.Text;
using Adit.Gateway.Access;
using Adit.Gateway.Audit;
using Adit.Gateway.Serving;
using Adit.Relay;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Keys;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Serving;

/// <summary>A gateway that listens: who is sent away at the door, and the other ways of logging in.</summary>
public class ListeningTests
{
    [Fact]
    public async Task MaxStartups_sends_away_who_comes_while_others_are_not_in_yet()
    {
        await using TestGateway files = new("MaxStartups 1");
        await using GatewayServer gateway = await StartAsync(files);
        using Socket first = await DialAsync(gateway);
        await files.Events.Heard(GatewayEventKind.Connected);
        using Socket second = await DialAsync(gateway);
        Assert.Equal("Not allowed at this time\r\n", await ReadAsync(second));
        Assert.Contains("MaxStartups", (await files.Events.Heard(GatewayEventKind.ConnectionRefused)).Detail, StringComparison.Ordinal);
        first.Close();
        await files.Events.Heard(GatewayEventKind.Disconnected);
        using Socket third = await DialAsync(gateway);
        Assert.StartsWith("SSH-2.0-", await ReadAsync(third), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_in_takes_no_place_of_those_who_are_not()
    {
        await using TestGateway files = new("MaxStartups 1");
        await using GatewayServer gateway = await StartAsync(files);
        for (int i = 0; i < 3; i++)
        {
            SshConnection client = await LoginAsync(gateway, new PublicKeyMethod([TestGateway.UserKey]));
            await client.RequestAsync("ready@example.com", []).AsTask().TestTime();
        }

        Assert.Equal(0, gateway.Startups.Count);
        Assert.Equal(0, files.Events.Count(GatewayEventKind.ConnectionRefused));
    }

    [Fact]
    public async Task Failed_logins_add_up_until_their_address_is_refused_and_forgiven()
    {
        await using TestGateway files = new();
        await using GatewayServer gateway = await StartAsync(files);
        using SshPrivateKey wrong = SshPrivateKey.Generate("ssh-ed25519");
        for (int i = 0; i < 4; i++)
        {
            await Assert.ThrowsAsync<SshAuthException>(() => LoginAsync(gateway, new PublicKeyMethod([wrong])));
            int failed = i;
            await Until.Holds(() => files.Events.Count(GatewayEventKind.Disconnected) > failed);
        }

        using Socket refused = await DialAsync(gateway);
        Assert.Equal("Not allowed at this time\r\n", await ReadAsync(refused));
        Assert.Contains("PerSourcePenalties", (await files.Events.Heard(GatewayEventKind.ConnectionRefused)).Detail, StringComparison.Ordinal);
        files.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.False((await LoginAsync(gateway, new PublicKeyMethod([TestGateway.UserKey]))).Closed.IsCompleted);
    }

    [Fact]
    public async Task LoginGraceTime_ends_who_does_not_log_in()
    {
        await using TestGateway files = new("LoginGraceTime 30");
        await using GatewayServer gateway = await StartAsync(files);
        using Socket silent = await DialAsync(gateway);
        await files.Events.Heard(GatewayEventKind.Connected);
        Assert.StartsWith("SSH-2.0-", await ReadAsync(silent), StringComparison.Ordinal);
        files.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("Timeout", (await files.Events.Heard(GatewayEventKind.Disconnected)).Reason);
    }

    [Theory]
    [InlineData("secret", true)]
    [InlineData("Secret", false)]
    [InlineData("", false)]
    public async Task A_password_of_the_users_file_lets_in(string password, bool isIn)
    {
        await using TestGateway files = new("PasswordAuthentication yes\nAditUsersFile {folder}/users");
        files.Write("users", $"joe:{PasswordHash.Of("secret"u8)}:db\n");
        await using GatewayServer gateway = await StartAsync(files);
        Exception? refused = await Record.ExceptionAsync(() => LoginAsync(gateway, new PasswordMethod((_, _) => new(Encoding.UTF8.GetBytes(password)), attempts: 1)));
        Assert.Equal(isIn, refused is null);
        Assert.Equal("password", (await files.Events.Heard(isIn ? GatewayEventKind.Authenticated : GatewayEventKind.AuthenticationFailed, static e => e.Method is not "none")).Method);
    }

    [Fact]
    public async Task AuthenticationMethods_asks_for_a_key_and_then_the_password()
    {
        await using TestGateway files = new("PasswordAuthentication yes\nAditUsersFile {folder}/users\nAuthenticationMethods publickey,password");
        files.Write("users", $"joe:{PasswordHash.Of("secret"u8)}\n");
        await using GatewayServer gateway = await StartAsync(files);
        PasswordMethod password = new(static (_, _) => new(Encoding.UTF8.GetBytes("secret")), attempts: 1);
        await Assert.ThrowsAsync<SshAuthException>(() => LoginAsync(gateway, password));
        await Assert.ThrowsAsync<SshAuthException>(() => LoginAsync(gateway, new PublicKeyMethod([TestGateway.UserKey])));
        await LoginAsync(gateway, new PublicKeyMethod([TestGateway.UserKey]), password);
        Assert.Equal("publickey,password", (await files.Events.Heard(GatewayEventKind.Authenticated)).Method);
    }

    [Fact]
    public async Task The_banner_is_shown()
    {
        await using TestGateway files = new("Banner {folder}/banner");
        files.Write("banner", "Mind the gap\n");
        await using GatewayServer gateway = await StartAsync(files);
        string? shown = null;
        using TcpClient tcp = new();
        await tcp.ConnectAsync(IPAddress.Loopback, gateway.Endpoints[0].Port).TestTime();
        await using SshConnection client = await SshClient.ConnectAsync(tcp.GetStream(), new()
        {
            User = "joe", VerifyHostKey = static (_, _) => default, Authentication = [new PublicKeyMethod([TestGateway.UserKey])], OnBanner = text => shown = text,
        }).TestTime();
        Assert.Equal("Mind the gap\n", shown);
    }

    [Fact]
    public async Task A_gateway_that_drains_takes_nobody_any_more()
    {
        await using TestGateway files = new();
        await using GatewayServer gateway = await StartAsync(files);
        int port = gateway.Endpoints[0].Port;
        await gateway.DrainAsync(TimeSpan.FromSeconds(60), default).TestTime();
        using TcpClient late = new();
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, port).TestTime());
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_error_and_nothing_stays_bound()
    {
        await using TestGateway files = new();
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        ListenException e = await Assert.ThrowsAsync<ListenException>(() => GatewayServer.StartAsync(
            files.Load, files.Events, files.Time, [ListenSpec.Tcp(port, "127.0.0.2"), ListenSpec.Tcp(port, "127.0.0.1")], default));
        Assert.Equal(ListenFailure.InUse, e.Failure);
        using TcpListener free = new(IPAddress.Parse("127.0.0.2"), port);
        free.Start();
    }

    private static Task<GatewayServer> StartAsync(TestGateway files) =>
        GatewayServer.StartAsync(files.Load, files.Events, files.Time, [ListenSpec.Tcp(0, "127.0.0.1")], default);

    private static async Task<Socket> DialAsync(GatewayServer gateway)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Endpoints[0].Port).TestTime();
        return socket;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        byte[] block = new byte[1024];
        return Encoding.ASCII.GetString(block, 0, await socket.ReceiveAsync(block).TestTime());
    }

    private static async Task<SshConnection> LoginAsync(GatewayServer gateway, params ClientAuthMethod[] methods)
    {
        Socket socket = await DialAsync(gateway);
        return await SshClient.ConnectAsync(new NetworkStream(socket, ownsSocket: true), new()
        {
            User = "joe", VerifyHostKey = static (_, _) => default, Authentication = methods,
        }).TestTime();
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Relay;
using Adit.Stunnel;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tests.Tls;
using Adit.TlsTunnels;

namespace Adit.Tests.TlsTunnels;

[UnsupportedOSPlatform("windows")]
public sealed class TlsServicesTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("adit-tls.");
    private readonly TestAuthority _authority = new();
    private readonly Socket _target = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly RecordedEvents _events = new();
    private readonly int _port = FreePort.Next();
    private TlsServices? _services;

    public TlsServicesTests()
    {
        _target.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _target.Listen();
    }

    private string Target => $"127.0.0.1:{((IPEndPoint)_target.LocalEndPoint!).Port}";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        _target.Dispose();
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_reload_gives_new_connections_the_new_certificate_and_leaves_the_old_ones_as_they_are()
    {
        await StartAsync(Server("one"));
        await using SslStream old = await ConnectAsync("one");
        using Socket oldTarget = await _target.AcceptAsync().TestTime();
        await TalkAsync(old, oldTarget);

        Assert.Null(await ReloadAsync(Server("two")));

        await using SslStream next = await ConnectAsync("two");
        using Socket nextTarget = await _target.AcceptAsync().TestTime();
        await TalkAsync(next, nextTarget);
        await TalkAsync(old, oldTarget);
        Assert.Equal(2, _services!.Connections.Count());
    }

    [Fact]
    public async Task A_reload_in_which_one_file_is_wrong_changes_nothing_and_says_what_is_wrong()
    {
        await StartAsync(Server("one"));
        string broken = Path.Combine(_folder.FullName, "broken.pem");
        await File.WriteAllTextAsync(broken, "no certificate");
        File.SetUnixFileMode(broken, UnixFileMode.UserRead);

        string? reason = await ReloadAsync($"{Server("two")}\n[other]\naccept = 127.0.0.1:{FreePort.Next()}\nconnect = {Target}\ncert = {broken}\n");

        Assert.StartsWith($"[other]: {broken}: ", reason, StringComparison.Ordinal);
        await using SslStream client = await ConnectAsync("one");
        Assert.Single(_services!.Services);
    }

    [Fact]
    public async Task A_reload_whose_new_port_is_taken_changes_nothing()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        int taken = ((IPEndPoint)other.LocalEndPoint!).Port;
        await StartAsync(Server("one"));

        string? reason = await ReloadAsync(Server("two").Replace($":{_port}", $":{taken}", StringComparison.Ordinal));

        Assert.StartsWith($"cannot listen on 127.0.0.1:{taken}: ", reason, StringComparison.Ordinal);
        await using SslStream client = await ConnectAsync("one");
    }

    [Fact]
    public async Task A_reload_may_narrow_the_addresses_of_a_port()
    {
        await StartAsync(Server("one", accept: $"0.0.0.0:{_port}"));

        Assert.Null(await ReloadAsync(Server("two")));

        await using SslStream client = await ConnectAsync("two");
        Assert.Equal($"127.0.0.1:{_port}", Assert.Single(_services!.Services[0].Endpoints).ToString());
    }

    [Fact]
    public async Task A_service_that_is_gone_listens_no_more_and_its_connections_live_on()
    {
        int second = FreePort.Next();
        await StartAsync($"{Server("one")}\n{Server("two", name: "gone", accept: $"127.0.0.1:{second}")}");
        await using SslStream old = await ConnectAsync("two", second);
        using Socket oldTarget = await _target.AcceptAsync().TestTime();

        Assert.Null(await ReloadAsync(Server("one")));

        SocketException e = await Assert.ThrowsAsync<SocketException>(() => LoopbackClient.ConnectAsync(second));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
        await TalkAsync(old, oldTarget);
    }

    [Fact]
    public async Task A_service_may_take_over_the_port_of_one_with_another_name()
    {
        await StartAsync(Server("one"));

        Assert.Null(await ReloadAsync(Server("two", name: "renamed")));

        await using SslStream client = await ConnectAsync("two");
        Assert.Equal("renamed", Assert.Single(_services!.Services).Terms.Service.Name);
    }

    [Fact]
    public async Task Two_services_on_one_end_are_refused()
    {
        IOException e = await Assert.ThrowsAnyAsync<IOException>(() => StartAsync($"{Server("one")}\n{Server("two", name: "also")}"));

        Assert.Equal($"cannot listen on 127.0.0.1:{_port}: two services would; one is [also]", e.Message);
    }

    [Theory]
    [InlineData("yes", SocketError.ConnectionReset)]
    [InlineData("no", SocketError.Success)]
    public async Task Whether_a_failure_is_told_by_a_reset_is_as_the_file_says(string reset, SocketError told)
    {
        await StartAsync($"{Server("one")}\nreset = {reset}\n");
        await using SslStream client = await ConnectAsync("one");
        using Socket target = await _target.AcceptAsync().TestTime();
        await TalkAsync(client, target);

        // Without TLS's own end this is a failure.
        ((NetworkStream)typeof(SslStream).GetProperty("InnerStream", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(client)!).Socket.Shutdown(SocketShutdown.Send);

        SocketError got = SocketError.Success;
        try
        {
            Assert.Equal(0, await target.ReceiveAsync(new byte[1]).TestTime());
        }
        catch (SocketException e)
        {
            got = e.SocketErrorCode;
        }

        Assert.Equal(told, got);
    }

    [Theory]
    [InlineData("pty = yes", "pty = yes is refused: programs get no terminal")]
    public async Task What_cannot_be_had_is_refused_with_the_reason(string options, string reason)
    {
        StunnelException e = await Assert.ThrowsAsync<StunnelException>(() => StartAsync($"{Server("one")}\n{options}\n"));

        Assert.StartsWith($"test.conf:1: [db]: {reason}", e.Message, StringComparison.Ordinal);
    }

    private static async Task TalkAsync(Stream client, Socket target)
    {
        byte[] got = new byte[5];
        await client.WriteAsync("there"u8.ToArray()).AsTask().TestTime();
        Assert.Equal(5, await target.ReceiveAsync(got).TestTime());
        await target.SendAsync(got).TestTime();
        await client.ReadExactlyAsync(got).AsTask().TestTime();
        Assert.Equal("there", Encoding.ASCII.GetString(got));
    }

    private string Server(string certificate, string name = "db", string? accept = null, string? connect = null) =>
        $"[{name}]\naccept = {accept ?? $"127.0.0.1:{_port}"}\n{connect ?? $"connect = {Target}"}\ncert = {Certificate(certificate)}\n";

    private string Certificate(string name)
    {
        string path = Path.Combine(_folder.FullName, $"{name}.pem");
        if (!File.Exists(path))
        {
            using X509Certificate2 certificate = _authority.Certificate(name);
            CertificatePem.WriteSecret(path, certificate.Pem + certificate.KeyPem);
        }

        return path;
    }

    private async Task StartAsync(string text) => _services = await TlsServices.StartAsync(Parse(text), null, _ => _events, default).TestTime();

    private Task<string?> ReloadAsync(string text) => _services!.ReloadAsync(Parse(text), default).TestTime();

    private static StunnelConfiguration Parse(string text) => StunnelFile.Parse(text, "test.conf");

    private async Task<SslStream> ConnectAsync(string expected, int? port = null) => await LoopbackClient.BeginTlsAsync(
        await LoopbackClient.ConnectAsync(port ?? _port), new() { TargetHost = expected, CertificateChainPolicy = _authority.Trust.ChainPolicy(ofServers: true) });
}

using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-L with Unix sockets at one end or both.</summary>
public sealed class LocalSocketTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const long Bytes = 4 * 1024 * 1024;
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_socket_of_the_client_reaches_a_port_and_is_its_owners_alone(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var sink = TcpService.Checksum();
        var path = Path.Combine(server.Folder, "local");
        var adit = await StartTunnelAsync(server, "-L", $"{path}:127.0.0.1:{sink.Port}");
        await UntilListeningAsync(path, adit);

        await Bulk.SendAsync(new UnixDomainSocketEndPoint(path), Bytes).WithinAsync("the transfer should end", () => adit.Log);

        Assert.Equal(OwnersAlone, File.GetUnixFileMode(path));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    [Trait("Surface", "S3-26")]
    public async Task A_socket_and_a_port_of_the_client_reach_a_socket_of_the_server(string kind)
    {
        var server = await StartServerAsync(kind);
        string path = Path.Combine(server.Folder, "local"), target = Path.Combine(server.Folder, "target");
        await using var source = TcpService.Source(Bytes, target);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-L", $"{path}:{target}", "-L", $"{port}:{target}");
        await UntilListeningAsync(path, adit);
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Task.WhenAll(Bulk.ReceiveAsync(new UnixDomainSocketEndPoint(path), Bytes), Bulk.ReceiveAsync(port, Bytes))
            .WithinAsync("both transfers should end", () => adit.Log);
    }

    [Fact]
    public async Task LocalForward_in_the_configuration_takes_sockets_and_their_tokens()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        server.Client.Configure($"LocalForward {server.Folder}/%r@%n 127.0.0.1:{echo.Port}");
        var path = Path.Combine(server.Folder, $"{TestUser.Name}@{SshClientFiles.Alias}");

        var adit = await StartTunnelAsync(server);
        await UntilListeningAsync(path, adit);

        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
    }

    [Theory]
    [InlineData("0177", OwnersAlone)]
    [InlineData("0117", OwnersAlone | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    [InlineData("0111", OwnersAlone | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)]
    public async Task StreamLocalBindMask_says_whose_the_socket_is(string mask, UnixFileMode mode)
    {
        var server = await StartServerAsync("sshd");
        var path = Path.Combine(server.Folder, "local");

        var adit = await StartTunnelAsync(server, "-o", $"StreamLocalBindMask={mask}", "-L", $"{path}:localhost:80");
        await UntilListeningAsync(path, adit);

        Assert.Equal(mode, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task StreamLocalBindUnlink_takes_a_path_that_a_socket_has()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        var path = Path.Combine(server.Folder, "local");
        await using var live = TcpService.Banner("the other", path);
        var next = LoopbackPort.Free();

        var adit = await StartTunnelAsync(server, "-o", "StreamLocalBindUnlink=yes", "-L", $"{path}:127.0.0.1:{echo.Port}", "-L", $"{next}:localhost:80");
        await LoopbackPort.UntilListeningAsync(next, adit);

        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_path_that_is_taken_is_refused_and_what_is_there_stays(bool live)
    {
        var server = await StartServerAsync("sshd");
        var path = Path.Combine(server.Folder, "taken");
        await using var other = live ? TcpService.Banner("the other", path) : null;
        if (!live)
            await File.WriteAllTextAsync(path, "the other");

        var adit = await StartTunnelAsync(server, "-o", "ExitOnForwardFailure=yes", "-L", $"{path}:localhost:80");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains(path, adit.Error.Text, StringComparison.Ordinal);
        Assert.Equal("the other", live ? await ReadAsync(new UnixDomainSocketEndPoint(path)) : await File.ReadAllTextAsync(path));
    }

    [AditFact]
    public async Task A_socket_that_nobody_listens_on_any_more_is_in_nobodys_way_and_ours_goes_with_the_tunnel()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        var path = Path.Combine(server.Folder, "local");
        using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            stale.Bind(new UnixDomainSocketEndPoint(path));
        await File.WriteAllTextAsync(path + ".beside", "");

        var adit = await StartTunnelAsync(server, "-L", $"{path}:127.0.0.1:{echo.Port}");
        await UntilListeningAsync(path, adit);
        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
        await EndAsync(adit);

        Assert.False(File.Exists(path));
    }
}

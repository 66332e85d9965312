using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-R with Unix sockets at one end or both.</summary>
[Trait("Surface", "S2-7")]
public sealed class RemoteSocketTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const long Bytes = 4 * 1024 * 1024;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_socket_of_the_server_reaches_a_port_of_the_client_and_is_its_owners_alone(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var sink = TcpService.Checksum();
        var path = Path.Combine(server.Folder, "remote");
        var adit = await StartTunnelAsync(server, "-R", $"{path}:127.0.0.1:{sink.Port}");
        await UntilListeningAsync(path, adit);

        await Bulk.SendAsync(new UnixDomainSocketEndPoint(path), Bytes).WithinAsync("the transfer should end", () => adit.Log);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        await EndAsync(adit);
        await Patience.UntilAsync(() => !Listens(path), $"nothing should listen on {path} any more", () => server.Log);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_port_of_the_server_reaches_a_socket_of_the_client(string kind)
    {
        var server = await StartServerAsync(kind);
        var target = Path.Combine(server.Folder, "target");
        await using var source = TcpService.Source(Bytes, target);
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(server, "-R", $"{port}:{target}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        await Bulk.ReceiveAsync(port, Bytes).WithinAsync("the transfer should end", () => adit.Log);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_socket_of_the_server_reaches_a_socket_of_the_client(string kind)
    {
        var server = await StartServerAsync(kind);
        string path = Path.Combine(server.Folder, "remote"), target = Path.Combine(server.Folder, "target");
        await using var sink = TcpService.Checksum(target);
        var adit = await StartTunnelAsync(server, "-R", $"{path}:{target}");
        await UntilListeningAsync(path, adit);

        await Bulk.SendAsync(new UnixDomainSocketEndPoint(path), Bytes).WithinAsync("the transfer should end", () => adit.Log);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task RemoteForward_in_the_configuration_takes_sockets_and_their_tokens(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();
        var path = Path.Combine(server.Folder, $"{TestUser.Name}@{SshClientFiles.Alias}");
        server.Client.Configure($"RemoteForward {server.Folder}/%r@%n localhost:{echo.Port}");

        var adit = await StartTunnelAsync(server);
        await UntilListeningAsync(path, adit);

        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_path_that_is_taken_is_told_and_ends_with_255_where_ExitOnForwardFailure_says_so(string kind)
    {
        var server = await StartServerAsync(kind);
        var taken = Path.Combine(server.Folder, "taken");
        await File.WriteAllTextAsync(taken, "not to be lost");

        var adit = await StartTunnelAsync(server, "-o", "ExitOnForwardFailure=yes", "-R", $"{taken}:localhost:80");

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains(taken, adit.Error.Text, StringComparison.Ordinal);
        Assert.Equal("not to be lost", await File.ReadAllTextAsync(taken));
    }
}

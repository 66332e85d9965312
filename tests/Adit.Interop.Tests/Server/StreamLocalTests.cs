using System.Net.Sockets;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Unix sockets from one side to the other.</summary>
public sealed class StreamLocalTests(ITestOutputHelper output) : ServerTest(output)
{
    private const long Bytes = 8 * Mebibyte;

    [Fact]
    [Trait("Surface", "S3-26")]
    public async Task A_local_forward_reaches_a_socket_of_the_server()
    {
        var server = await StartServerAsync();
        string upTarget = Path.Combine(server.Folder, "sink"), downTarget = Path.Combine(server.Folder, "source");
        await using var sink = TcpService.Checksum(upTarget);
        await using var source = TcpService.Source(Bytes, downTarget);
        int up = LoopbackPort.Free(), down = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-L", $"{up}:{upTarget}", "-L", $"{down}:{downTarget}");
        await LoopbackPort.UntilListeningAsync(up, client);
        await LoopbackPort.UntilListeningAsync(down, client);

        await Task.WhenAll(Bulk.SendAsync(up, Bytes), Bulk.ReceiveAsync(down, Bytes)).WithinAsync("both transfers should end", () => client.Log);
    }

    [Fact]
    public async Task A_local_forward_from_a_socket_of_the_client_reaches_a_port()
    {
        var server = await StartServerAsync();
        await using var sink = TcpService.Checksum();
        var path = Path.Combine(server.Folder, "local");
        var client = await StartSshAsync(server, "-N", "-L", $"{path}:127.0.0.1:{sink.Port}");
        await UntilListeningAsync(path, client);

        await Bulk.SendAsync(new UnixDomainSocketEndPoint(path), Bytes).WithinAsync("the transfer should end", () => client.Log);
    }

    [Fact]
    public async Task A_socket_that_is_not_there_is_told_as_a_failure_to_connect()
    {
        var server = await StartServerAsync();
        var port = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-L", $"{port}:{Path.Combine(server.Folder, "missing")}");
        await LoopbackPort.UntilListeningAsync(port, client);

        using var socket = await DialAsync(port);
        await AssertEndsAsync(socket, () => client.Log);

        await client.ErrorAsync("open failed: connect failed: ");
        Assert.False(client.HasExited);
    }

    [Fact]
    public async Task A_remote_forward_makes_a_socket_for_its_owner_alone_which_ends_with_the_client()
    {
        var server = await StartServerAsync();
        await using var sink = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        string up = Path.Combine(server.Folder, "up"), down = Path.Combine(server.Folder, "down");
        var client = await StartSshAsync(server, "-N", "-R", $"{up}:127.0.0.1:{sink.Port}", "-R", $"{down}:127.0.0.1:{source.Port}");
        await client.ErrorAsync($"remote forward success for: listen {down}");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(up));

        await Task.WhenAll(Bulk.SendAsync(new UnixDomainSocketEndPoint(up), Bytes), Bulk.ReceiveAsync(new UnixDomainSocketEndPoint(down), Bytes))
            .WithinAsync("both transfers should end", () => client.Log);

        await EndAsync(client);
        await UntilGoneAsync(up, server);
    }

    [Fact]
    public async Task A_path_that_is_taken_is_refused_and_the_client_lives_on()
    {
        var server = await StartServerAsync();
        await using var echo = TcpService.Echo();
        string taken = Path.Combine(server.Folder, "taken"), free = Path.Combine(server.Folder, "free");
        await File.WriteAllTextAsync(taken, "not to be lost");

        var client = await StartSshAsync(server, "-N", "-R", $"{taken}:127.0.0.1:{echo.Port}", "-R", $"{free}:127.0.0.1:{echo.Port}");

        await client.ErrorAsync($"remote port forwarding failed for listen path {taken}");
        await client.ErrorAsync($"remote forward success for: listen {free}");
        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(free));
        Assert.Equal("not to be lost", await File.ReadAllTextAsync(taken));
    }

    [Fact]
    public async Task StreamLocalBindUnlink_and_StreamLocalBindMask_are_obeyed()
    {
        var server = await StartServerAsync("StreamLocalBindUnlink yes", "StreamLocalBindMask 0117");
        await using var echo = TcpService.Echo();
        var path = Path.Combine(server.Folder, "socket");
        using (var stale = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            stale.Bind(new UnixDomainSocketEndPoint(path));

        var client = await StartSshAsync(server, "-N", "-R", $"{path}:127.0.0.1:{echo.Port}");

        await client.ErrorAsync($"remote forward success for: listen {path}");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(path));
        await Bulk.EchoAsync(new UnixDomainSocketEndPoint(path));
    }
}

using System.Net.Sockets;
using System.Text;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Adit.Interop.Tests.Socks;
using Adit.Tests.Shared;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>A tunnel understands nothing of what goes through it.</summary>
[Trait("Surface", "S2-6")]
public sealed class OpaqueBytesTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const int Many = 300_000;

    /// <summary>What clients of the protocols that people forward say first, and what some layer on the way could take for its own.</summary>
    private static readonly byte[][] Conversations =
    [
        "GET / HTTP/1.1\r\nHost: intra.example.com\r\nConnection: Upgrade\r\n\r\n"u8.ToArray(),
        "a1 LOGIN \"joe\" {3+}\r\n\0\r\n\r\n"u8.ToArray(),
        [0, 0, 0, 8, 0xff, (byte)'S', (byte)'M', (byte)'B', 0x72, 0, 0, 0], // MS-SMB 2.2.3.1
        [2, (byte)'l', (byte)'p', (byte)'\n', 3, .. "12 cfA001\n"u8, 0], // RFC 1179: a printer
        "0033git-upload-pack /project.git\0host=example.com\0"u8.ToArray(),
        "SSH-2.0-inner\r\n\0\0\0\x0c\x0a\x15"u8.ToArray(),
        [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], // TLS
        [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f], // SSLRequest of PostgreSQL
        [5, 1, 0, 4, 1, 0, 80], // SOCKS
        "\r\n~.\r\n~#\n~C-L 1:a:2\n~~~.\x03\x04\x1a\x11\x13\x1b[2J"u8.ToArray(), // escapes, control characters and flow control of terminals
        [.. Enumerable.Range(0, 256).Select(static value => (byte)value)],
        [0xff, 0xf4, 0xff, 0xfd, 6, 0xff, 0xff], // Telnet
    ];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Whatever_goes_in_comes_out_through_forwards_of_all_kinds(string kind)
    {
        var server = await StartServerAsync(kind);
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();
        var client = await StartTunnelAsync(server, "-L", $"{local}:127.0.0.1:{echo.Port}", "-R", $"127.0.0.1:{remote}:127.0.0.1:{echo.Port}");
        await LoopbackPort.UntilListeningAsync(local, client);
        await LoopbackPort.UntilListeningAsync(remote, client);

        foreach (var port in (int[])[local, remote])
        {
            foreach (var said in (IEnumerable<byte[]>)[.. Conversations, TestBytes.Of(Many)])
                Assert.Equal(said, await EchoAsync(port, said));
        }
    }

    [Fact]
    public async Task They_come_out_of_a_stdio_forward_too()
    {
        var server = await StartServerAsync("sshd");
        await using var echo = TcpService.Echo();
        byte[] said = [.. Conversations.SelectMany(static one => one), .. TestBytes.Of(Many)];
        var client = Own(await AditProcess.StartAsync(
            new ChildProcessStart("", "-F", server.Client.ConfigPath, "-W", $"127.0.0.1:{echo.Port}", SshClientFiles.Alias) { RawOutput = true }));

        var receiving = ReadAsync(client.RawOutput);
        await client.Input.BaseStream.WriteAsync(said);
        client.Input.Close();

        Assert.Equal(said, await receiving.WithinAsync("all should come back", () => client.Log));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_program_of_the_web_and_one_for_files_in_versions_work_through_it(string kind)
    {
        var server = await StartServerAsync(kind);
        var repository = Path.Combine(server.Folder, "project.git");
        var copy = Path.Combine(server.Folder, "copy");
        await ChildProcess.RunAsync(new("git", "init", "--quiet", "--bare", repository));
        var page = new string('x', Many);
        int pagePort = LoopbackPort.Free(), files = LoopbackPort.Free(), http = LoopbackPort.Free(), git = LoopbackPort.Free();
        var daemon = Own(await ChildProcess.StartAsync(new("git", "daemon", "--export-all", $"--base-path={server.Folder}", "--listen=127.0.0.1", $"--port={files}", "--verbose", server.Folder)));
        await using var web = SocksTest.WebServer.Start(pagePort, page);
        await LoopbackPort.UntilListeningAsync(files, daemon);
        var client = await StartTunnelAsync(server, "-L", $"{http}:127.0.0.1:{pagePort}", "-L", $"{git}:127.0.0.1:{files}");
        await LoopbackPort.UntilListeningAsync(http, client);
        await LoopbackPort.UntilListeningAsync(git, client);

        Assert.Equal(page, await ChildProcess.RunAsync(new("curl", "--silent", "--show-error", "--noproxy", "*", $"http://127.0.0.1:{http}/")));
        await ChildProcess.RunAsync(new("git", "clone", "--quiet", $"git://127.0.0.1:{git}/project.git", copy));
        Assert.True(Directory.Exists(Path.Combine(copy, ".git")));
    }

    private static async Task<byte[]> EchoAsync(int port, byte[] said)
    {
        using var socket = await ServerTest.DialAsync(port);
        await using var stream = new NetworkStream(socket);
        var receiving = ReadAsync(stream);
        await stream.WriteAsync(said);
        socket.Shutdown(SocketShutdown.Send);
        return await receiving.WithinAsync($"{said.Length} bytes should come back");
    }

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }
}

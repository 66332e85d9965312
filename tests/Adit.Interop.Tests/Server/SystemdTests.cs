using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>The gateway as a service of systemd: it takes the socket that systemd holds, and says how it is doing.</summary>
public sealed class SystemdTests(ITestOutputHelper output) : PeerTest(output), IDisposable
{
    private readonly string _folder = RunFolder.Create("systemd");
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public void Dispose()
    {
        _manager.Dispose();
        RunFolder.Remove(_folder);
    }

    [Fact]
    public async Task A_connection_to_the_inherited_socket_starts_the_gateway_which_serves_it_and_tells_of_its_life()
    {
        string notify = Path.Combine(_folder, "notify");
        _manager.Bind(new UnixDomainSocketEndPoint(notify));
        int port = LoopbackPort.Free();
        int other = LoopbackPort.Free();
        KeyPair hostKey = await KeyPair.GetAsync("ed25519", "host");
        string config = Path.Combine(_folder, "gateway.conf");
        await File.WriteAllLinesAsync(config,
        [
            "ListenAddress 127.0.0.1",
            $"Port {port.ToString(CultureInfo.InvariantCulture)}",
            $"HostKey {hostKey.PrivatePath}",
            $"AuthorizedKeysFile {Path.Combine(_folder, "keys")}",
            "StrictModes no",
            "PidFile none",
        ]);
        await File.WriteAllTextAsync(Path.Combine(_folder, "keys"), (await SshClientFiles.UserKeyAsync()).PublicLine + "\n");

        ChildProcess gateway = Own(await ChildProcess.StartAsync(new("systemd-socket-activate",
        [
            "-l", $"127.0.0.1:{port}", "-l", $"127.0.0.1:{other}", "--fdname", "ssh:spare",
            "-E", $"NOTIFY_SOCKET={notify}", "-E", "WATCHDOG_USEC=200000", "-E", "DOTNET_ROOT",
            await AditProcess.BuiltAsync(), "gateway", "-D", "-f", config,
        ])));
        await LoopbackPort.UntilListeningAsync(port, gateway);

        await using TcpService echo = TcpService.Echo();
        using SshClientFiles files = await SshClientFiles.CreateAsync(port);
        files.Know(hostKey);
        string answer = await ChildProcess.RunAsync(
            new("ssh", "-F", files.ConfigPath, "-W", $"127.0.0.1:{echo.Port}", SshClientFiles.Alias), "through the gateway");

        Assert.Equal("through the gateway", answer);
        await gateway.ErrorAsync($"the inherited socket 127.0.0.1:{other} \\(spare\\) is none of the configuration");
        await LoopbackPort.UntilClosedAsync(other);
        Assert.Equal($"READY=1\nSTATUS=listening on 127.0.0.1:{port}", await HeardAsync());
        Assert.Equal("WATCHDOG=1", await HeardAsync());
        Assert.Equal("WATCHDOG=1", await HeardAsync());

        gateway.Signal(PosixSignal.SIGHUP);
        Assert.StartsWith("RELOADING=1\nMONOTONIC_USEC=", await HeardButWatchdogAsync(), StringComparison.Ordinal);
        Assert.Equal($"READY=1\nSTATUS=listening on 127.0.0.1:{port}", await HeardButWatchdogAsync());
        gateway.Signal(PosixSignal.SIGTERM);
        Assert.StartsWith("STOPPING=1\nSTATUS=", await HeardButWatchdogAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task Sockets_that_are_meant_for_another_process_are_left_alone()
    {
        int port = LoopbackPort.Free();
        KeyPair hostKey = await KeyPair.GetAsync("ed25519", "host");
        string config = Path.Combine(_folder, "gateway.conf");
        await File.WriteAllLinesAsync(config, ["ListenAddress 127.0.0.1", $"Port {port}", $"HostKey {hostKey.PrivatePath}", "PidFile none"]);
        ChildProcess gateway = Own(await ChildProcess.StartAsync(new(await AditProcess.BuiltAsync(), "gateway", "-D", "-f", config)
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LISTEN_PID"] = "1", ["LISTEN_FDS"] = "5" },
        }));
        await gateway.ErrorAsync("Server listening on");
        Assert.DoesNotContain("inherited", gateway.Error.Text, StringComparison.Ordinal);
    }

    private async Task<string> HeardButWatchdogAsync()
    {
        string heard;
        do
            heard = await HeardAsync();
        while (heard == "WATCHDOG=1");
        return heard;
    }

    private async Task<string> HeardAsync()
    {
        byte[] message = new byte[4096];
        int length = await _manager.ReceiveAsync(message).WithinAsync("the gateway should tell the service manager");
        return Encoding.UTF8.GetString(message, 0, length);
    }
}

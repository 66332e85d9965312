using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>The commands <c>adit tls</c> and <c>adit stunnel</c> as processes: command lines, signals, logs, inetd, hostile peers.</summary>
public sealed class TlsCommandTests(ITestOutputHelper output) : TlsTest(output)
{
    private const int User1 = 10;
    private const int User2 = 12;

    [AditFact]
    [Trait("Surface", "S3-8")]
    [Trait("Surface", "S3-9")]
    [Trait("Surface", "S3-10")]
    [Trait("Surface", "S3-11")]
    [Trait("Surface", "S3-15")]
    public async Task The_command_lines_of_stunnel_3_serve_in_the_background()
    {
        var postgres = await PostgresPeer.SharedAsync();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        var pem = Authority.Issue("localhost");

        var server = await StartAditAsync("stunnel", $"-P{Folder}/", "-p", pem, "-d", $"{far}", "-r", $"localhost:{postgres.Port}");
        Assert.Equal(0, await server.ExitAsync());
        await using var serving = new BackgroundProcess(LoopbackPort.Listener(far));
        var client = await StartAditAsync("stunnel", $"-P{Folder}/", "-c", "-d", $"{near}", "-r", $"localhost:{far}");
        Assert.Equal(0, await client.ExitAsync());
        await using var connecting = new BackgroundProcess(LoopbackPort.Listener(near));

        Assert.Equal("1", await Psql.RunAsync("localhost", near, PostgresPeer.TrustedUser, "select 1"));
        var pid = Path.Combine(Folder, $"stunnel.localhost.{far}.pid");
        Assert.Equal($"{connecting.Pid}\n", await File.ReadAllTextAsync(pid));
        Assert.Equal($"{serving.Pid}\n", await File.ReadAllTextAsync(Path.Combine(Folder, $"stunnel.localhost.{postgres.Port}.pid")));
        Assert.Contains("WARNING: [localhost", client.Error.Text, StringComparison.Ordinal);

        _ = ProcessTree.SendSignal(connecting.Pid, 15);
        await connecting.UntilExitAsync();
        Assert.False(File.Exists(pid));
    }

    [AditTheory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Surface", "S3-16")]
    [Trait("Surface", "S3-18")]
    public async Task Inetd_hands_over_each_connection(bool errorsToo)
    {
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();
        // As inetd's line of the book has it: by stunnel's own name.
        var program = Path.Combine(Folder, "stunnel");
        File.CreateSymbolicLink(program, await AditProcess.BuiltAsync());
        var inetd = Own(await ChildProcess.StartAsync(new(
            "socat", $"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", $"EXEC:{program} -P{Folder}/ -p {Authority.Issue("localhost")} -r {echo.Port},nofork{(errorsToo ? ",stderr" : "")}")));
        await LoopbackPort.UntilListeningAsync(port, inetd);

        for (var i = 0; i < 3; i++)
        {
            await using var client = await ConnectTlsAsync(port);
            await EchoAsync(client);
        }
    }

    [AditFact]
    public async Task Inetds_client_hears_nothing_of_what_is_wrong()
    {
        var port = LoopbackPort.Free();
        var inetd = Own(await ChildProcess.StartAsync(new(
            "socat", $"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", $"EXEC:{await AditProcess.BuiltAsync()} stunnel -p {Folder}/missing.pem -r 1,nofork,stderr")));
        await LoopbackPort.UntilListeningAsync(port, inetd);

        Assert.Equal("", await ForwardTest.ReadAsync(port));
    }

    [AditFact]
    public async Task Systemd_hands_over_sockets_with_and_without_a_section()
    {
        await using var echo = TcpService.Echo();
        int named = LoopbackPort.Free(), unnamed = LoopbackPort.Free();
        var program = await AditProcess.BuiltAsync();
        var pem = Authority.Issue("localhost");
        var one = Own(await ChildProcess.StartAsync(new(
            "systemd-socket-activate", "-l", $"127.0.0.1:{named}", program, "tls", Write("named.conf", Server(named, echo.Port, pem)))));
        var two = Own(await ChildProcess.StartAsync(new(
            "systemd-socket-activate", "-l", $"127.0.0.1:{unnamed}", program, "tls", Write("unnamed.conf", $"syslog = no\ncert = {pem}\nconnect = 127.0.0.1:{echo.Port}\n"))));
        await LoopbackPort.UntilListeningAsync(named, one);
        await LoopbackPort.UntilListeningAsync(unnamed, two);

        foreach (var port in (int[])[named, unnamed, named, unnamed])
        {
            await using var client = await ConnectTlsAsync(port);
            await EchoAsync(client);
        }
    }

    [AditFact]
    [Trait("Surface", "S3-23")]
    public async Task A_reload_gives_new_connections_what_is_new_and_leaves_the_old_ones()
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var adit = await StartTlsAsync(Server(far, echo.Port, Authority.Issue("one.example")), far);
        await using var old = await ConnectTlsAsync(far);

        Write("adit.conf", $"foreground = yes\nsyslog = no\n{Server(far, echo.Port, Authority.Issue("two.example"))}");
        adit.Signal(PosixSignal.SIGHUP);
        await adit.ErrorAsync("the configuration was read again");

        await using var next = await ConnectTlsAsync(far);
        Assert.Contains("CN=one.example", old.RemoteCertificate!.Subject, StringComparison.Ordinal);
        Assert.Contains("CN=two.example", next.RemoteCertificate!.Subject, StringComparison.Ordinal);
        await EchoAsync(old);
        await EchoAsync(next);

        Write("adit.conf", "foreground = yes\n[server]\nacept = 1\n");
        adit.Signal(PosixSignal.SIGHUP);
        await adit.ErrorAsync("""the configuration was not read again, the old one holds: .*adit\.conf:3: unknown option "acept"; the nearest known one is accept""");
        await EchoAsync(old);
        await using var still = await ConnectTlsAsync(far);
        await EchoAsync(still);
    }

    [AditFact]
    public async Task Signals_open_the_log_again_list_the_connections_and_end_it()
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        string log = Path.Combine(Folder, "log"), pid = Path.Combine(Folder, "pid");
        var adit = await StartTlsAsync($"output = {log}\npid = {pid}\n{Server(far, echo.Port, Authority.Issue("localhost"))}", far);
        await using var client = await ConnectTlsAsync(far);
        await EchoAsync(client);
        Assert.Equal($"{adit.Pid}\n", await File.ReadAllTextAsync(pid));

        File.Move(log, log + ".1");
        _ = ProcessTree.SendSignal(adit.Pid, User1);
        await Patience.UntilAsync(() => File.Exists(log), "the log should be opened again", () => adit.Log);
        _ = ProcessTree.SendSignal(adit.Pid, User2);
        await adit.ErrorAsync(@"\[server\] connection \d+ from 127\.0\.0\.1:\d+ for \d+ s, 11 bytes to 127\.0\.0\.1:\d+ and 11 back: app → ");
        adit.Signal(PosixSignal.SIGTERM);

        Assert.Equal(0, await adit.ExitAsync());
        Assert.False(File.Exists(pid));
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d notice: 1 connection\n", await File.ReadAllTextAsync(log));
        Assert.Contains($"[server] 127.0.0.1:{far} (tls, clients not verified) → 127.0.0.1:{echo.Port}", await File.ReadAllTextAsync(log + ".1"), StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_check_says_what_is_wrong_or_what_would_be_served()
    {
        var right = await StartAditAsync("tls", "--check", Write("right.conf", Client(5432, 9000, Verifies("db.example"))));
        Assert.Equal(0, await right.ExitAsync());
        Assert.Equal($"[client] 127.0.0.1:5432 → 127.0.0.1:9000 (tls, certificate from {Authority.CaFile}, for db.example)\n", right.Output.Text);

        var wrong = await StartAditAsync("tls", "--check", Write("bad.conf", Server(9000, 5432, "/nowhere.pem")));
        Assert.Equal(255, await wrong.ExitAsync());
        Assert.Equal("adit: [server]: /nowhere.pem: there is no such file\n", wrong.Error.Text);
    }

    [AditFact]
    public async Task The_configuration_may_come_from_a_descriptor()
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var adit = await StartAditAsync("stunnel", "-fd", "0");
        await adit.Input.WriteAsync($"foreground = yes\nsyslog = no\n{Server(far, echo.Port, Authority.Issue("localhost"))}");
        adit.Input.Close();
        await LoopbackPort.UntilListeningAsync(far, adit);

        await using var client = await ConnectTlsAsync(far);
        await EchoAsync(client);
    }

    [AditTheory]
    [InlineData("debug = err", false)]
    [InlineData("debug = notice", true)]
    public async Task Each_service_logs_by_its_own_level(string level, bool tells)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), other = LoopbackPort.Free();
        var pem = Authority.Issue("localhost");
        var adit = await StartTlsAsync(Server(far, echo.Port, pem, level) + Server(other, echo.Port, pem, name: "other"), far, other);

        await using (var client = await ConnectTlsAsync(far))
            await EchoAsync(client);
        await using (var client = await ConnectTlsAsync(other))
            await EchoAsync(client);

        await adit.ErrorAsync(@"\[other\] connection \d+ from");
        Assert.Equal(tells, adit.Error.Contains(@"\[server\] connection \d+ from"));
    }

    [AditTheory]
    [InlineData("GET / HTTP/1.1\r\nHost: db\r\n\r\n", "what came is not TLS")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001", "closed the connection during the handshake")]
    [InlineData("\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008garbage", "what came is not TLS")]
    public async Task What_is_no_TLS_is_refused_with_the_reason_and_others_are_served(string sent, string reason)
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var adit = await StartTlsAsync(Server(far, echo.Port, Authority.Issue("localhost")), far);
        await using var served = await ConnectTlsAsync(far);

        using (var socket = await ConnectAsync(far))
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(sent));
            socket.Shutdown(SocketShutdown.Send);
            await adit.ErrorAsync($@"\[server\] connection from 127\.0\.0\.1:\d+ refused: .*{reason}");
        }

        await EchoAsync(served);
        Assert.Single(echo.Accepted);
    }
}

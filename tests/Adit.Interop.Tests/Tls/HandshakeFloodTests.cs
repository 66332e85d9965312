using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Adit.Bench.Attacks;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>Many who begin and never finish a TLS handshake, and people who want to work. bench/run flood measures it with ten thousand.</summary>
public sealed class HandshakeFloodTests(ITestOutputHelper output) : TlsTest(output)
{
    private const int Crowd = 1000;

    // What users who have just left may yet hold, or the runtime has opened for itself.
    private const int Others = 10;

    // Less than the crowd's, which the runtime would keep if nobody asked for it.
    private const long KeptMemory = 15 * 1024 * 1024;

    private static readonly TimeSpan GettingIn = TimeSpan.FromSeconds(3);

    [AditFact]
    public async Task A_thousand_hinder_nobody_at_a_service_end_in_time_and_leave_nothing()
    {
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var adit = await StartFrugallyAsync(far, "tls", Write("adit.conf", $"foreground = yes\nsyslog = no\n{Server(far, echo.Port, Authority.Issue("localhost"), "TIMEOUTbusy = 5")}"));

        await FloodAsync(adit, far, null, @"\[server\] connection from 127\.0\.0\.1:\d+ refused: the peer did not begin within 5 s");

        Assert.InRange(adit.Error.Count("refused:"), 1, 20);
        adit.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await adit.ExitAsync());
        await adit.ErrorAsync(@"\[server\] \d+ more connections were refused and not told one by one");
    }

    [AditFact]
    public async Task A_thousand_hinder_nobody_at_a_port_of_the_gateway_end_in_time_and_leave_nothing()
    {
        await using var echo = TcpService.Echo();
        var (gateway, port) = await StartGatewayAsync(echo, "LoginGraceTime 5", $"MaxStartups {Crowd + 100}");

        await FloodAsync(gateway, port, Authority.Issue("joe"), @"Disconnected from 127\.0\.0\.1 port \d+ \(connection \d+\): the client did not begin within 5 s \(LoginGraceTime\)");
    }

    [AditFact]
    public async Task One_more_than_a_service_may_carry_is_refused_at_once_until_the_others_time_is_over()
    {
        const int Most = 100;
        const int Excess = 50;
        await using var echo = TcpService.Echo();
        var far = LoopbackPort.Free();
        var adit = await StartTlsAsync(Server(far, echo.Port, Authority.Issue("localhost"), $"TIMEOUTbusy = 5\nAditMaxConnections = {Most}"), far);
        await using var served = await ConnectTlsAsync(far);
        await EchoAsync(served);

        using var crowd = await HalfOpenCrowd.ConnectAsync(far, Most - 1 + Excess);
        await adit.ErrorAsync($@"\[server\] connection from .* refused: the tunnel carries {Most} connections, which is its limit");
        await Patience.UntilAsync(() => crowd.Ended == Excess, "those who are too many should be ended at once", () => $"{crowd.Ended} are");
        var refused = await Record.ExceptionAsync(() => ConnectTlsAsync(far));
        Assert.True(refused is IOException or SocketException, $"{refused}");
        await EchoAsync(served);

        await crowd.AllEnded.WithinAsync("the others should be ended in time");
        await using var next = await ConnectTlsAsync(far);
        await EchoAsync(next);
        await EchoAsync(served);
    }

    [AditFact]
    public async Task A_crowd_from_one_address_takes_no_more_of_the_gateway_than_one_address_may()
    {
        const int Most = 50;
        const int Excess = 500;
        await using var echo = TcpService.Echo();
        var (gateway, port) = await StartGatewayAsync(echo, "LoginGraceTime 5", "MaxStartups 100", $"PerSourceMaxStartups {Most}");
        var joe = Authority.Issue("joe");

        using var crowd = await HalfOpenCrowd.ConnectAsync(port, Most + Excess, IPAddress.Parse("127.0.0.2"));
        await gateway.ErrorAsync($@"Refused connection from 127\.0\.0\.2 .*: {Most} connections from 127\.0\.0\.2 are not authenticated yet \(PerSourceMaxStartups\)");
        await Patience.UntilAsync(() => crowd.Ended == Excess, "those who are too many should be ended at once", () => $"{crowd.Ended} are");
        await GetInAsync(port, joe);

        await crowd.AllEnded.WithinAsync("the others should be ended in time");
    }

    private static async Task FloodAsync(ChildProcess server, int port, string? certificate, string log)
    {
        await using var early = await ConnectTlsAsync(port, certificate: certificate);
        await EchoAsync(early);
        for (var i = 0; i < 5; i++)
            await GetInAsync(port, certificate);
        var before = ProcessUse.Of(server.Pid);
        using (var crowd = await HalfOpenCrowd.ConnectAsync(port, Crowd))
        {
            await Patience.UntilAsync(
                () => ProcessUse.Of(server.Pid).Descriptors >= before.Descriptors + Crowd - Others, "all of them should be held at the same time", () => Now(server, before));
            for (var i = 0; i < 5; i++)
                await GetInAsync(port, certificate);
            await EchoAsync(early);
            Assert.Equal(0, crowd.Ended);
            Assert.InRange(ProcessUse.Of(server.Pid).Threads, 1, before.Threads + 30);

            await server.ErrorAsync(log);
            await crowd.AllEnded.WithinAsync("all of them should be ended in time");
        }

        await Patience.UntilAsync(
            () => ProcessUse.Of(server.Pid) is var now && now.Descriptors <= before.Descriptors + Others && now.Threads <= before.Threads + 10 && now.Memory <= before.Memory + KeptMemory,
            "what they took should be given back", () => Now(server, before));
        await EchoAsync(early);
        await GetInAsync(port, certificate);
    }

    private static string Now(ChildProcess server, ProcessUse before) => $"now {ProcessUse.Of(server.Pid)}\nbefore {before}";

    private static async Task GetInAsync(int port, string? certificate)
    {
        var started = Stopwatch.GetTimestamp();
        await using (var user = await ConnectTlsAsync(port, certificate: certificate))
            await EchoAsync(user);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, GettingIn);
    }

    private async Task<(ChildProcess Gateway, int Port)> StartGatewayAsync(TcpService target, params IReadOnlyList<string> config)
    {
        var port = LoopbackPort.Free();
        string[] lines =
        [
            string.Create(CultureInfo.InvariantCulture, $"Port {LoopbackPort.Free()}"),
            "ListenAddress 127.0.0.1",
            $"HostKey {(await KeyPair.GetAsync("ed25519", "host")).PrivatePath}",
            string.Create(CultureInfo.InvariantCulture, $"AditTlsListen 127.0.0.1:{port} 127.0.0.1:{target.Port}"),
            $"AditTlsCertificate {Authority.Issue("localhost")}",
            $"AditTlsClientCA {Authority.CaFile}",
            "AditTlsUser joe CN=joe",
            "PerSourcePenalties no",
            .. config,
        ];
        return (await StartFrugallyAsync(port, "gateway", "-f", Write("gateway.conf", string.Join('\n', lines))), port);
    }

    // With no more open files than shells give by default: it is up to adit to allow itself as many as the system lets it.
    private async Task<ChildProcess> StartFrugallyAsync(int port, params IReadOnlyList<string> arguments)
    {
        var adit = Own(await ChildProcess.StartAsync(new("sh", ["-c", "ulimit -S -n 1024 && exec \"$0\" \"$@\"", await AditProcess.BuiltAsync(), .. arguments])));
        await LoopbackPort.UntilListeningAsync(port, adit);
        return adit;
    }
}

using System.Net.Security;
using System.Net.Sockets;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>How connections of services end, as with stunnel or better: by the timeouts, by targets that are not there, by readers who leave.</summary>
public sealed class TlsEndingTests(ITestOutputHelper output) : TlsTest(output)
{
    private const int Much = 3_000_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_arrives_as_a_whole_however_short_TIMEOUTclose_is(bool isAdit)
    {
        await using var source = TcpService.Source(Much);
        var (near, far) = (LoopbackPort.Free(), LoopbackPort.Free());
        const string soon = "TIMEOUTclose = 0";
        await StartAsync(
            isAdit,
            $"{Server(far, source.Port, Authority.Issue("localhost"), soon)}{Client(near, far, $"{Verifies("localhost")}sni = localhost\n{soon}\n")}",
            near, far);
        using var client = await ConnectAsync(near);

        Assert.Equal(Much, await CountAsync(client));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_half_close_an_answer_may_last_longer_than_TIMEOUTclose_while_it_comes(bool isAdit)
    {
        const int pieces = 8;
        var port = LoopbackPort.Free();
        var (near, far) = (LoopbackPort.Free(), LoopbackPort.Free());
        await using var slow = await ChildProcess.StartAsync(new(
            "socat", $"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork", $"SYSTEM:'cat >/dev/null; for i in $(seq {pieces}); do sleep 0.4; echo piece; done'"));
        await LoopbackPort.UntilListeningAsync(port, slow);
        const string soon = "TIMEOUTclose = 1";
        await StartAsync(
            isAdit, $"{Server(far, port, Authority.Issue("localhost"), soon)}{Client(near, far, $"{Verifies("localhost")}sni = localhost\n{soon}\n")}", near, far);
        using var client = await ConnectAsync(near);
        await client.SendAsync("question\n"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal(pieces * "piece\n".Length, await CountAsync(client));
    }

    [AditFact]
    public async Task A_target_that_is_not_there_is_told_by_a_reset_and_not_by_an_empty_answer()
    {
        var (near, far) = (LoopbackPort.Free(), LoopbackPort.Free());
        await StartTlsAsync(
            $"{Server(far, LoopbackPort.Free(), Authority.Issue("localhost"))}{Client(near, far, $"{Verifies("localhost")}sni = localhost\n")}", near, far);
        using var client = await ConnectAsync(near);

        var error = await Assert.ThrowsAsync<SocketException>(() => CountAsync(client));

        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [AditFact]
    public async Task Many_connections_of_inetd_at_a_time_do_not_fight_for_a_PID_file()
    {
        await using var echo = TcpService.Echo();
        var pem = Authority.Issue("localhost");
        var pids = Directory.CreateDirectory(Path.Combine(Folder, "pids")).FullName;
        var port = LoopbackPort.Free();
        var inetd = Own(await ChildProcess.StartAsync(new(
            "socat", $"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork", $"EXEC:{await AditProcess.BuiltAsync()} stunnel -P{pids}/ -p {pem} -r {echo.Port}")));
        await LoopbackPort.UntilListeningAsync(port, inetd);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using var tls = await ConnectTlsAsync(port);
            await EchoAsync(tls);
        }));

        Assert.Empty(Directory.GetFiles(pids));
    }

    [AditFact]
    public async Task A_reader_that_leaves_ends_a_connection_of_standard_output()
    {
        await using var source = TcpService.Source(long.MaxValue);
        var (port, config) = (LoopbackPort.Free(), Path.Combine(Folder, "stdio.conf"));
        await StartTlsAsync(Server(port, source.Port, Authority.Issue("localhost")), port);
        await File.WriteAllTextAsync(config, $"client = yes\nconnect = 127.0.0.1:{port}\nsni = localhost\nsyslog = no\n{Verifies("localhost")}");

        var reader = Own(await ChildProcess.StartAsync(new(
            "bash", "-c", $"mkfifo '{Folder}/in'; sleep 60 >'{Folder}/in' & '{await AditProcess.BuiltAsync()}' tls '{config}' <'{Folder}/in' | head -c 100 >/dev/null; kill $!; echo ended")));

        await reader.OutputAsync("ended");
    }

    [AditFact]
    public async Task Who_asks_for_no_name_gets_the_service_that_accepts()
    {
        await using var first = TcpService.Echo();
        await using var second = TcpService.Source(1);
        var port = LoopbackPort.Free();
        await StartTlsAsync(
            $"{Server(port, first.Port, Authority.Issue("one.example"), name: "main")}[all]\nsni = main:*\nconnect = 127.0.0.1:{second.Port}\ncert = {Authority.Issue("two.example")}\n", port);

        Assert.Contains("CN = one.example", await SClientAsync(port, "Q\n", "-noservername"), StringComparison.Ordinal);
        Assert.Contains("CN = two.example", await SClientAsync(port, "Q\n", "-servername", "any.example"), StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_program_whose_client_leaves_out_of_order_may_finish_what_it_does()
    {
        var (port, done) = (LoopbackPort.Free(), Path.Combine(Folder, "done"));
        var script = Write("program.sh", $"trap 'echo hup >> {done}' HUP\necho ready\nread -r word\necho end >> {done}\n");
        await StartTlsAsync($"[program]\naccept = 127.0.0.1:{port}\ncert = {Authority.Issue("localhost")}\nexec = /bin/bash\nexecArgs = bash {script}\n", port);
        using var socket = await ConnectAsync(port);
        await using var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null })
            .WithinAsync("TLS should be agreed");
        await tls.ReadExactlyAsync(new byte["ready\n".Length]).AsTask().WithinAsync("the program should speak");

        // Without TLS's goodbye.
        socket.Shutdown(SocketShutdown.Both);

        await Patience.UntilAsync(() => File.Exists(done) && File.ReadAllText(done).Contains("end", StringComparison.Ordinal), "the program should come to its end");
    }

    private static async Task<int> CountAsync(Socket client)
    {
        var (block, total) = (new byte[64 * 1024], 0);
        while (await client.ReceiveAsync(block).WithinAsync("an answer or an end should come") is > 0 and var count)
            total += count;
        return total;
    }
}

using System.Net.Sockets;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>Adit and stunnel on the two sides of one tunnel.</summary>
public sealed class StunnelPeerTests(ITestOutputHelper output) : TlsTest(output)
{
    public static TheoryData<bool, bool> Pairs => new() { { true, false }, { false, true }, { true, true } };

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("Surface", "S3-12")]
    [Trait("Surface", "S3-14")]
    [Trait("Surface", "S3-25")]
    [Trait("Surface", "S3-27")]
    [Trait("Surface", "S3-28")]
    public async Task Psql_logs_in_with_a_password_through_both_and_the_wire_between_shows_TLS_only(bool aditServes, bool aditConnects)
    {
        var postgres = await PostgresPeer.SharedAsync();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        await StartAsync(aditServes, Server(far, postgres.Port, Authority.Issue("localhost")), far);
        await using var wire = new RecordingRelay(far);
        await StartAsync(aditConnects, Client(near, wire.Port, Verifies("localhost")), near);

        var answer = await Psql.RunAsync("127.0.0.1", near, PostgresPeer.ScramUser, "select 'amber-' || ssl from pg_stat_ssl where pid = pg_backend_pid()", password: PostgresPeer.ScramPassword);

        Assert.Equal("amber-false", answer);
        Assert.Equal(22, wire.ToServer[0]);
        Assert.Equal(22, wire.ToClient[0]);
        foreach (var direction in (byte[][])[wire.ToServer, wire.ToClient])
        {
            Assert.True(direction.AsSpan().IndexOf("amber-"u8) < 0);
            Assert.True(direction.AsSpan().IndexOf("miner"u8) < 0);
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    [Trait("Surface", "S3-26")]
    public async Task The_target_may_be_the_socket_of_PostgreSQL(bool aditServes, bool aditConnects)
    {
        var postgres = await PostgresPeer.SharedAsync();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        await StartAsync(aditServes, $"[server]\naccept = 127.0.0.1:{far}\nconnect = {postgres.SocketPath}\ncert = {Authority.Issue("localhost")}\n", far);
        await StartAsync(aditConnects, Client(near, far, Verifies("localhost")), near);

        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", near, PostgresPeer.TrustedUser, "select 1"));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task With_protocol_pgsql_both_ask_for_TLS_as_PostgreSQL_has_it(bool aditServes, bool aditConnects)
    {
        var postgres = await PostgresPeer.SharedAsync();
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        await StartAsync(aditServes, Server(far, postgres.Port, Authority.Issue("localhost"), "protocol = pgsql"), far);
        await StartAsync(aditConnects, Client(near, far, $"protocol = pgsql\n{Verifies("localhost")}"), near);

        var psql = Psql.Start("127.0.0.1", near, PostgresPeer.TrustedUser, "select 1");
        Assert.Equal("1", (await ChildProcess.RunAsync(psql with { Environment = new Dictionary<string, string?>(psql.Environment, StringComparer.Ordinal) { ["PGSSLMODE"] = "disable" } })).Trim());
    }

    [AditFact]
    public async Task Psql_asks_a_server_of_protocol_pgsql_for_TLS_and_verifies_it()
    {
        var postgres = await PostgresPeer.SharedAsync();
        var far = LoopbackPort.Free();
        await StartTlsAsync(Server(far, postgres.Port, Authority.Issue("localhost"), "protocol = pgsql"), far);
        var psql = Psql.Start("localhost", far, PostgresPeer.ScramUser, "select 1", password: PostgresPeer.ScramPassword);
        var environment = new Dictionary<string, string?>(psql.Environment, StringComparer.Ordinal) { ["PGSSLMODE"] = "verify-full", ["PGSSLROOTCERT"] = Authority.CaFile };

        Assert.Equal("1", (await ChildProcess.RunAsync(psql with { Environment = environment })).Trim());
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Bytes_both_ways_and_the_ends_of_their_directions_go_through(bool aditServes, bool aditConnects)
    {
        const long Bytes = 20_000_000;
        await using var checksum = TcpService.Checksum();
        await using var source = TcpService.Source(Bytes);
        int far = LoopbackPort.Free(), near = LoopbackPort.Free(), far2 = LoopbackPort.Free(), near2 = LoopbackPort.Free();
        var certificate = Authority.Issue("localhost");
        await StartAsync(aditServes, Server(far, checksum.Port, certificate) + Server(far2, source.Port, certificate, name: "source"), far, far2);
        await StartAsync(aditConnects, Client(near, far, Verifies("localhost")) + Client(near2, far2, Verifies("localhost"), "source"), near, near2);

        await Bulk.SendAsync(near, Bytes).WithinAsync("all bytes should arrive");
        await Bulk.ReceiveAsync(near2, Bytes).WithinAsync("all bytes should come");
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_client_is_known_by_its_certificate(bool aditServes, bool aditConnects)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), right = LoopbackPort.Free(), none = LoopbackPort.Free(), wrong = LoopbackPort.Free();
        await StartAsync(aditServes, Server(far, echo.Port, Authority.Issue("localhost"), Verifies()), far);
        var stranger = new AuthorityFolder("strangers").Issue("joe");
        await StartAsync(
            aditConnects,
            Client(right, far, $"{Verifies("localhost")}cert = {Authority.Issue("joe")}")
                + Client(none, far, Verifies("localhost"), "none")
                + Client(wrong, far, $"{Verifies("localhost")}cert = {stranger}", "wrong"),
            right, none, wrong);

        Assert.True(await EchoesAsync(right));
        Assert.False(await EchoesAsync(none));
        Assert.False(await EchoesAsync(wrong));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task With_verifyPeer_the_very_certificate_counts(bool aditServes, bool aditConnects)
    {
        await using var echo = TcpService.Echo();
        int far = LoopbackPort.Free(), right = LoopbackPort.Free(), other = LoopbackPort.Free();
        var certificate = Authority.Issue("localhost");
        await StartAsync(aditServes, Server(far, echo.Port, certificate), far);
        await StartAsync(
            aditConnects,
            Client(right, far, $"verifyPeer = yes\nCAfile = {Authority.Public(certificate)}")
                + Client(other, far, $"verifyPeer = yes\nCAfile = {Authority.Public(Authority.Issue("localhost"))}", "other"),
            right, other);

        Assert.True(await EchoesAsync(right));
        Assert.False(await EchoesAsync(other));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task The_name_that_a_client_asks_for_chooses_the_service(bool aditServes, bool aditConnects)
    {
        await using var one = TcpService.Banner("one");
        await using var two = TcpService.Banner("two");
        int far = LoopbackPort.Free(), near = LoopbackPort.Free(), near2 = LoopbackPort.Free();
        await StartAsync(
            aditServes,
            Server(far, one.Port, Authority.Issue("one.example")) + $"[second]\nsni = server:*.two.example\nconnect = 127.0.0.1:{two.Port}\ncert = {Authority.Issue("db.two.example")}\n",
            far);
        await StartAsync(
            aditConnects,
            Client(near, far, $"sni = one.example\n{Verifies("one.example")}") + Client(near2, far, $"sni = db.two.example\n{Verifies("db.two.example")}", "second"),
            near, near2);

        Assert.Equal("one", await ForwardTest.ReadAsync(near));
        Assert.Equal("two", await ForwardTest.ReadAsync(near2));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Who_has_no_certificate_that_is_accepted_is_led_elsewhere(bool aditServes, bool aditConnects)
    {
        await using var right = TcpService.Banner("inside");
        await using var elsewhere = TcpService.Banner("outside");
        int far = LoopbackPort.Free(), known = LoopbackPort.Free(), unknown = LoopbackPort.Free();
        await StartAsync(aditServes, Server(far, right.Port, Authority.Issue("localhost"), $"{Verifies()}redirect = 127.0.0.1:{elsewhere.Port}"), far);
        await StartAsync(
            aditConnects,
            Client(known, far, $"{Verifies("localhost")}cert = {Authority.Issue("joe")}") + Client(unknown, far, Verifies("localhost"), "unknown"),
            known, unknown);

        Assert.Equal("inside", await ForwardTest.ReadAsync(known));
        Assert.Equal("outside", await ForwardTest.ReadAsync(unknown));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_target_that_is_down_is_passed_over(bool aditServes, bool aditConnects)
    {
        await using var up = TcpService.Banner("up");
        int far = LoopbackPort.Free(), near = LoopbackPort.Free(), down = LoopbackPort.Free();
        await StartAsync(aditServes, Server(far, down, Authority.Issue("localhost"), $"connect = 127.0.0.1:{up.Port}\nfailover = prio"), far);
        await StartAsync(aditConnects, Client(near, down, $"connect = 127.0.0.1:{far}\nfailover = prio\n{Verifies("localhost")}"), near);

        Assert.Equal("up", await ForwardTest.ReadAsync(near));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_program_may_serve(bool aditServes, bool aditConnects)
    {
        int far = LoopbackPort.Free(), near = LoopbackPort.Free();
        await StartAsync(
            aditServes,
            $"[server]\naccept = 127.0.0.1:{far}\nexec = /bin/sh\nexecArgs = sh -c echo:$REMOTE_HOST;cat\ncert = {Authority.Issue("localhost")}\n".Replace("sh -c echo:$REMOTE_HOST;cat", $"sh {Write("serve", "echo $REMOTE_HOST\nexec cat\n")}", StringComparison.Ordinal),
            far);
        await StartAsync(aditConnects, Client(near, far, Verifies("localhost")), near);
        using var socket = await ConnectAsync(near);
        await socket.SendAsync("through a program"u8.ToArray());
        socket.Shutdown(SocketShutdown.Send);

        Assert.Equal("127.0.0.1\nthrough a program", await ForwardTest.ReadAsync(socket));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_program_may_be_the_local_end_and_is_started_again(bool aditConnects)
    {
        await using var checksum = TcpService.Checksum();
        var far = LoopbackPort.Free();
        await StartTlsAsync(Server(far, checksum.Port, Authority.Issue("localhost")), far);
        var said = Path.Combine(Folder, "said");

        await StartAsync(
            aditConnects,
            $"[ppp]\nclient = yes\nexec = /bin/sh\nexecArgs = sh {Write("dial", $"echo once >>{said}\n")}\nconnect = 127.0.0.1:{far}\nretry = yes\n{Verifies("localhost")}");

        await Patience.UntilAsync(() => File.Exists(said) && File.ReadAllLines(said).Length >= 2, "the program should be started again");
    }
}

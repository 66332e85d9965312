using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Adit.Tests.Shared.Certificates;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>TLS from adit itself to PostgreSQL at the end of a tunnel, around the SSH server, and proxies before it.</summary>
public sealed class TargetTlsTests(ITestOutputHelper output) : ForwardTest(output)
{
    private const string IsEncrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

    private static readonly Lazy<Task<(PostgresPeer Postgres, string Authority)>> Shared = new(StartPostgresAsync);

    [Theory]
    [InlineData("disable")]
    [InlineData("prefer")]
    public async Task Psql_is_plain_on_this_machine_and_encrypted_to_the_server_whatever_psql_asks_for(string mode)
    {
        var (tunnel, port) = await OpenAsync("verify-full");

        Assert.Equal("t", await PsqlAsync(port, IsEncrypted, mode));
        Assert.Matches("→ localhost:[0-9]+ \\(tls, certificate from .*root.crt, for localhost", tunnel.Error.Text);
    }

    [Fact]
    public async Task Psql_that_insists_on_tls_itself_hears_that_there_is_none_on_this_machine()
    {
        var (_, port) = await OpenAsync("verify-full");

        await using var psql = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", port, PostgresPeer.TrustedUser, "select 1", "dbname=postgres sslmode=require"));

        Assert.Equal(2, await psql.ExitAsync());
        Assert.Contains("server does not support SSL", psql.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_is_cancelled_through_it()
    {
        var (_, port) = await OpenAsync("verify-full");
        await using var psql = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", port, PostgresPeer.TrustedUser, "select pg_sleep(120)", "dbname=postgres application_name=sleeper"));
        var (postgres, _) = await Shared.Value;
        await Patience.UntilAsync(
            () => Psql.RunAsync("127.0.0.1", postgres.Port, PostgresPeer.TrustedUser, "select count(*) from pg_stat_activity where application_name = 'sleeper' and query like '%sleep%'").GetAwaiter().GetResult() is "1",
            "the query should run");

        psql.Signal(PosixSignal.SIGINT);

        Assert.NotEqual(0, await psql.ExitAsync());
        Assert.Contains("canceling statement due to user request", psql.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_wrong_name_is_refused_and_said_and_psql_reaches_nothing()
    {
        var (tunnel, port) = await OpenAsync("verify-full", "127.0.0.1");

        await using var psql = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", port, PostgresPeer.TrustedUser, "select 1", "dbname=postgres sslmode=disable"));

        Assert.Equal(2, await psql.ExitAsync());
        await tunnel.ErrorAsync("its certificate is not for 127.0.0.1, but for localhost");
    }

    [Fact]
    public async Task Without_verification_the_leg_says_so()
    {
        var (tunnel, port) = await OpenAsync("require", root: false);

        Assert.Equal("t", await PsqlAsync(port, IsEncrypted, "disable"));
        Assert.Matches("→ localhost:[0-9]+ \\(tls, NOT VERIFIED", tunnel.Error.Text);
    }

    [Fact]
    public async Task Without_authorities_nothing_can_be_verified_and_the_tunnel_does_not_open()
    {
        var server = await StartServerAsync("sshd");

        var adit = await StartTunnelAsync(server, "-o", "AditTargetTlsRoot=/nonexistent/root.crt", "--target-tls", "verify-full", "-L", $"{LoopbackPort.Free()}:localhost:1");

        Assert.Equal(255, await adit.ExitAsync());
        Assert.Contains("/nonexistent/root.crt: there is no such file", adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_tls_is_not_talked_to_in_the_clear()
    {
        var postgres = await PostgresPeer.SharedAsync();
        var (tunnel, port) = await OpenAsync("require", root: false, to: postgres.Port);

        await using var psql = await ChildProcess.StartAsync(Psql.Start("127.0.0.1", port, PostgresPeer.TrustedUser, "select 1", "dbname=postgres sslmode=disable"));

        Assert.Equal(2, await psql.ExitAsync());
        await tunnel.ErrorAsync("PostgreSQL there offers no TLS");
    }

    [Fact]
    public async Task A_connection_that_is_shared_does_not_carry_it_in_the_clear()
    {
        var server = await StartServerAsync("sshd");
        var (postgres, authority) = await Shared.Value;
        var control = Path.Combine(RunFolder.Create("control"), "master");
        var master = await StartTunnelAsync(server, "-M", "-S", control);
        await UntilListeningAsync(control, master);
        var port = LoopbackPort.Free();

        var adit = await StartTunnelAsync(
            server, "-S", control, "-o", $"AditTargetTlsRoot={authority}", "--target-tls", "verify-full",
            "-L", string.Create(CultureInfo.InvariantCulture, $"{port}:localhost:{postgres.Port}"));
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal("t", await PsqlAsync(port, IsEncrypted, "disable"));
        await adit.ErrorAsync("is not used, since .* AditTargetTls of this command would not hold for forwards there");
        await EndAsync(adit);
        await EndAsync(master);
    }

    [Fact]
    public async Task A_server_is_known_by_its_very_certificate_on_each_connection()
    {
        var (_, authority) = await Shared.Value;
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Path.GetDirectoryName(authority)!, "front.pem"));
        var (adit, port) = await OpenAsync("require", root: false, expected: certificate.GetCertHashString(HashAlgorithmName.SHA256));

        Assert.Equal("t", await PsqlAsync(port, "select ssl from pg_stat_ssl where pid = pg_backend_pid()", "disable"));
        Assert.Matches("\\(tls, the very certificate", adit.Error.Text);
        await EndAsync(adit);
    }

    [Fact]
    public async Task Another_certificate_than_the_expected_one_is_told_and_nothing_is_opened()
    {
        var server = await StartServerAsync("sshd");
        var (postgres, _) = await Shared.Value;

        var adit = await StartTunnelAsync(
            server, "-o", "AditTargetTlsRoot=none", "--target-tls", "require", "--expect-cert", $"sha256:{new string('0', 64)}",
            "-o", "ExitOnForwardFailure=yes", "-L", $"{LoopbackPort.Free()}:localhost:{postgres.Port}");

        Assert.Equal(255, await adit.ExitAsync());
        Assert.Matches($"its certificate is sha256:[0-9a-f]{{64}}, and sha256:0{{64}} is expected", adit.Error.Text);
    }

    [Fact]
    public async Task What_is_no_PostgreSQL_is_held_to_its_very_certificate_too()
    {
        var server = await StartServerAsync("sshd");
        var (_, authority) = await Shared.Value;
        var (target, port) = (LoopbackPort.Free(), LoopbackPort.Free());
        await using var tls = await ChildProcess.StartAsync(new(
            "socat", $"OPENSSL-LISTEN:{target},bind=127.0.0.1,reuseaddr,fork,cert={Path.Combine(Path.GetDirectoryName(authority)!, "front.pem")},verify=0", "SYSTEM:'echo hello'"));
        await LoopbackPort.UntilListeningAsync(target, tls);

        var adit = await StartTunnelAsync(
            server, "-v", "--target-tls", "require,tls", "-o", $"AditTargetTlsRoot={authority}", "--expect-cert", $"sha256:{new string('0', 64)}", "-L", $"{port}:localhost:{target}");
        await LoopbackPort.UntilListeningAsync(port, adit);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);

        await adit.ErrorAsync("its certificate is sha256:[0-9a-f]{64} \\(public key sha256:[0-9a-f]{64}\\), which is not the one expected");
        await EndAsync(adit);
    }

    [Fact]
    public async Task Ssh_goes_inside_of_tls_where_only_tls_gets_through()
    {
        var server = await StartServerAsync("sshd");
        var (postgres, authority) = await Shared.Value;
        var front = LoopbackPort.Free();
        var pem = Path.Combine(Path.GetDirectoryName(authority)!, "front.pem");
        await using var tls = await ChildProcess.StartAsync(new(
            "socat", $"OPENSSL-LISTEN:{front},bind=127.0.0.1,reuseaddr,fork,cert={pem},verify=0", $"TCP:127.0.0.1:{server.Port}"));
        await LoopbackPort.UntilListeningAsync(front, tls);
        var port = LoopbackPort.Free();

        var adit = await StartTunnelAsync(server, "-o", $"AditViaTlsRoot={authority}", "--via-tls", $"localhost:{front}", "-L", $"{port}:localhost:{postgres.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal("1", await PsqlAsync(port, "select 1", "disable"));
        Assert.Matches($"→ localhost:{front} \\(tls, certificate from .*, for localhost, this machine\\) → .* \\(ssh, ", adit.Error.Text);
        await EndAsync(adit);
    }

    [Fact]
    public async Task What_is_in_front_is_verified_by_the_systems_authorities_unless_told_otherwise()
    {
        var server = await StartServerAsync("sshd");
        var (_, authority) = await Shared.Value;
        var front = LoopbackPort.Free();
        await using var tls = await ChildProcess.StartAsync(new(
            "socat", $"OPENSSL-LISTEN:{front},bind=127.0.0.1,reuseaddr,fork,cert={Path.Combine(Path.GetDirectoryName(authority)!, "front.pem")},verify=0", $"TCP:127.0.0.1:{server.Port}"));
        await LoopbackPort.UntilListeningAsync(front, tls);

        var adit = await StartTunnelAsync(server, "--via-tls", $"localhost:{front}", "-L", $"{LoopbackPort.Free()}:localhost:1");

        Assert.Equal(255, await adit.ExitAsync());
        Assert.Contains("is not from the system's authorities", adit.Error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_is_reached_over_a_socks_proxy()
    {
        var server = await StartServerAsync("sshd");
        var (postgres, _) = await Shared.Value;
        var proxy = LoopbackPort.Free();
        var ssh = await StartTunnelAsync(server, "-D", $"127.0.0.1:{proxy}");
        await LoopbackPort.UntilListeningAsync(proxy, ssh);
        var port = LoopbackPort.Free();

        var adit = await StartTunnelAsync(server, "--proxy", $"socks5://127.0.0.1:{proxy}", "-L", $"{port}:localhost:{postgres.Port}");
        await LoopbackPort.UntilListeningAsync(port, adit);

        Assert.Equal("1", await PsqlAsync(port, "select 1", "disable"));
        await EndAsync(adit);
        await EndAsync(ssh);
    }

    private static Task<string> PsqlAsync(int port, string query, string mode) =>
        Psql.RunAsync("127.0.0.1", port, PostgresPeer.TrustedUser, query, $"dbname=postgres sslmode={mode} gssencmode=disable");

    private async Task<(ChildProcess Tunnel, int Port)> OpenAsync(string mode, string host = "localhost", bool root = true, int? to = null, string? expected = null)
    {
        var server = await StartServerAsync("sshd");
        var (postgres, authority) = await Shared.Value;
        var port = LoopbackPort.Free();
        var adit = await StartTunnelAsync(
            server, "-o", $"AditTargetTlsRoot={(root ? authority : "none")}", "--target-tls", mode,
            "-o", $"AditExpectCert={(expected is null ? "none" : $"sha256:{expected}")}",
            "-L", string.Create(CultureInfo.InvariantCulture, $"{port}:{host}:{to ?? postgres.Port}"));
        await LoopbackPort.UntilListeningAsync(port, adit);
        return (adit, port);
    }

    private static async Task<(PostgresPeer Postgres, string Authority)> StartPostgresAsync()
    {
        using var made = new TestAuthority();
        using var certificate = made.Certificate("localhost");
        var folder = RunFolder.Create("tls");
        var authority = CertificatePem.WriteSecret(Path.Combine(folder, "root.crt"), made.Root.Pem);
        CertificatePem.WriteSecret(Path.Combine(folder, "front.pem"), certificate.Pem + certificate.KeyPem);
        var postgres = await PostgresPeer.StartAsync(new()
        {
            Ssl = (certificate.Pem, certificate.KeyPem),
            ListenAddresses = "127.0.0.1",
            Access = [$"host all {PostgresPeer.TrustedUser} 127.0.0.0/8 trust"],
        });
        return (postgres, authority);
    }
}

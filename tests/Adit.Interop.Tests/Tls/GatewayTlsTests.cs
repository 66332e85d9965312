using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Peers;
using Adit.Interop.Tests.Server;
using Adit.Tests.Shared.Certificates;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>TLS clients of the gateway: openssl and psql with certificates of an authority of their own.</summary>
public sealed class GatewayTlsTests(ITestOutputHelper output) : ServerTest(output)
{
    private static readonly Lazy<string> Shared = new(MakeCertificates);

    private readonly string _auditLog = Path.Combine(RunFolder.Create("audit"), "audit.jsonl");

    [Fact]
    public async Task Openssl_with_a_certificate_reaches_the_target_and_the_audit_log_has_all_of_it()
    {
        await using var echo = TcpService.Echo();
        var (gateway, port) = await StartGatewayAsync(echo.Port, "AditTlsUser joe CN=joe");
        var client = await ConnectAsync(port, "joe");
        await client.Input.WriteLineAsync("ping");
        await client.OutputAsync("ping");
        client.Signal(PosixSignal.SIGTERM);
        await gateway.LoggedAsync("Disconnected joe from 127.0.0.1");
        await Patience.UntilAsync(() => File.ReadAllLines(_auditLog).Any(static line => line.Contains("\"Disconnected\"", StringComparison.Ordinal) && line.Contains("\"user\":\"joe\"", StringComparison.Ordinal)), "the audit log should tell of the end", () => File.ReadAllText(_auditLog));

        var audit = await File.ReadAllLinesAsync(_auditLog);
        var mine = audit.Where(static line => line.Contains("\"user\":\"joe\"", StringComparison.Ordinal)).ToArray();
        Assert.Equal(["Authenticated", "ChannelOpened", "ChannelClosed", "Disconnected"], mine.Select(static line => line.Split("\"event\":\"")[1].Split('"')[0]));
        Assert.All(mine, static line => Assert.Matches("\"key\":\"SPKI=sha256:[0-9a-f]{64}\",\"certificate\":\"CN=joe sha256:[0-9a-f]{64} CA CN=middle\"", line));
        Assert.Contains("\"method\":\"certificate\"", mine[0], StringComparison.Ordinal);
        Assert.Contains("\"bytesOut\":5,\"bytesIn\":5", mine[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Psql_with_a_certificate_asks_the_database_behind_it()
    {
        var postgres = await PostgresPeer.SharedAsync();
        var (gateway, port) = await StartGatewayAsync(postgres.Port, "AditTlsUser joe URI=spiffe://example.com/db/*", "postgres");
        Assert.Equal("1", await Psql.RunAsync("localhost", port, PostgresPeer.TrustedUser, "select 1", SslOf("joe")));
        await gateway.LoggedAsync("Accepted certificate for joe from 127.0.0.1");

        await using var stranger = await ChildProcess.StartAsync(Psql.Start("localhost", port, PostgresPeer.TrustedUser, "select 1", SslOf("ann")));
        Assert.Equal(2, await stranger.ExitAsync());
        await gateway.LoggedAsync("the client CN=ann is not let in: nobody is known by its certificate: CN=ann, SPKI=sha256:");

        await using var plain = await ChildProcess.StartAsync(Psql.Start("localhost", port, PostgresPeer.TrustedUser, "select 1", "dbname=postgres sslmode=disable"));
        Assert.Equal(2, await plain.ExitAsync());
        Assert.Contains("this end of the tunnel takes connections with TLS only", plain.Error.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql", "Opened 127.0.0.1:[0-9]+ for joe")]
    [InlineData(null, "the client begins with TLS at once, without ALPN \"postgresql\"")]
    public async Task A_client_of_PostgreSQL_may_begin_with_TLS_at_once_if_it_says_what_it_speaks(string? protocol, string logged)
    {
        await using var echo = TcpService.Echo();
        var (gateway, port) = await StartGatewayAsync(echo.Port, "AditTlsUser joe CN=joe", "postgres");
        await ConnectAsync(port, "joe", protocol is null ? [] : ["-alpn", protocol]);
        await gateway.LoggedAsync(logged);
    }

    [Theory]
    [InlineData(null, "", "it showed no certificate")]
    [InlineData("other", "", "its certificate, from CN=other authority, is not from AditTlsClientCA")]
    [InlineData("ann", "", "nobody is known by its certificate: CN=ann")]
    [InlineData("revoked", "AditTlsUser joe CN=revoked", "the certificate of CN=revoked is revoked")]
    [InlineData("joe", "PermitOpen none", "Refused 127.0.0.1:[0-9]+ for joe .*: PermitOpen does not permit it")]
    [InlineData("joe", "DenyUsers joe", "Failed certificate for joe .*DenyUsers names the user")]
    [InlineData("joe", "AditMaxConnections 0", "Disconnected joe .*\\(AditMaxConnections\\)")]
    [InlineData("joe", "Match User joe LocalPort {port}\nPermitOpen none", "Refused 127.0.0.1:[0-9]+ for joe .*: PermitOpen does not permit it")]
    public async Task Who_may_not_is_refused_and_reaches_nothing(string? certificate, string config, string logged)
    {
        await using var echo = TcpService.Echo();
        var (gateway, port) = await StartGatewayAsync(echo.Port, $"AditTlsUser joe CN=joe\n{config}");
        var client = await ConnectAsync(port, certificate);
        await gateway.LoggedAsync(logged);
        await client.ExitAsync();
        Assert.Empty(echo.Accepted);
    }

    [Fact]
    public async Task New_lines_end_who_is_denied_and_leave_the_others_whose_chain_is_judged_again()
    {
        await using var echo = TcpService.Echo();
        var (gateway, port) = await StartGatewayAsync(echo.Port, "AditTlsUser joe CN=joe\nAditTlsUser ann CN=ann");
        var (joe, ann) = (await ConnectAsync(port, "joe"), await ConnectAsync(port, "ann"));
        await gateway.LoggedAsync("Opened .* for joe");
        await gateway.LoggedAsync("Opened .* for ann");

        await gateway.ConfigureAsync(Lines(port, echo.Port, "AditTlsUser joe CN=joe\nAditTlsUser ann CN=ann\nDenyUsers ann", ""));
        gateway.Reload();

        await gateway.LoggedAsync("Disconnected ann .*DenyUsers names the user");
        await ann.ExitAsync();
        await joe.Input.WriteLineAsync("still");
        await joe.OutputAsync("still");
    }

    private static string SslOf(string name) => string.Create(
        CultureInfo.InvariantCulture,
        $"dbname=postgres gssencmode=disable sslmode=verify-full sslrootcert={Shared.Value}/root.pem sslcert={Shared.Value}/{name}.pem sslkey={Shared.Value}/{name}.key");

    private IReadOnlyList<string> Lines(int port, int target, string config, string kind) =>
    [
        .. $"""
            AditTlsListen localhost:{port} 127.0.0.1:{target} {kind}
            AditTlsCertificate {Shared.Value}/localhost.pem
            AditTlsKey {Shared.Value}/localhost.key
            AditTlsClientCA {Shared.Value}/root.pem
            AditTlsClientCRL {Shared.Value}/crl.pem
            AditAuditLog {_auditLog}
            PerSourcePenalties no
            {config.Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)}
            """.Split('\n'),
    ];

    private async Task<(ServerPeer Gateway, int Port)> StartGatewayAsync(int target, string config, string kind = "")
    {
        var port = LoopbackPort.Free();
        var gateway = await ServerPeer.StartKindAsync("gateway", new() { Config = Lines(port, target, config, kind) });
        Own(gateway, () => gateway.Log);
        return (gateway, port);
    }

    private async Task<ChildProcess> ConnectAsync(int port, string? certificate, params IReadOnlyList<string> options) => Own(await ChildProcess.StartAsync(new(
        "openssl",
        [
            "s_client", "-connect", $"localhost:{port.ToString(CultureInfo.InvariantCulture)}", "-quiet", "-verify_return_error", "-verify_hostname", "localhost",
            "-CAfile", $"{Shared.Value}/root.pem", .. options,
            .. certificate is null ? (string[])[] : ["-cert", $"{Shared.Value}/{certificate}.pem", "-cert_chain", $"{Shared.Value}/{certificate}.pem", "-key", $"{Shared.Value}/{certificate}.key"],
        ])));

    // root → middle → joe; root → localhost, ann and revoked; other authority → other.
    private static string MakeCertificates()
    {
        var folder = RunFolder.Create("authority");
        using TestAuthority root = new("root"), other = new("other authority"), middle = root.Beneath("middle");
        Write("root.pem", root.Root.Pem);
        Issue("localhost", root.Certificate("localhost"));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("spiffe://example.com/db/joe"));
        Issue("joe", middle.CertificateOf("CN=joe", more: names.Build()), middle.Root.Pem);
        Issue("ann", root.CertificateOf("CN=ann"));
        Issue("other", other.CertificateOf("CN=other"));
        var revoked = root.CertificateOf("CN=revoked");
        Issue("revoked", revoked);
        Write("crl.pem", root.RevokePem(revoked) + middle.RevokePem());
        return folder;

        void Issue(string name, X509Certificate2 certificate, string chain = "")
        {
            Write(name + ".pem", certificate.Pem + chain);
            Write(name + ".key", certificate.KeyPem);
        }

        void Write(string name, string pem) => CertificatePem.WriteSecret(Path.Combine(folder, name), pem);
    }
}

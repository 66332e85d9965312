using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>What has to answer at the far end of a tunnel before it is opened.</summary>
public sealed class ExpectationTests(ITestOutputHelper output) : RunTest(output)
{
    [AditFact]
    public async Task A_tunnel_to_postgres_opens_where_postgres_is_expected()
    {
        var sshd = await StartSshdAsync();
        var postgres = await PostgresPeer.SharedAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, postgres.Port, "--expect", "postgres");
        var bySocket = await OpenTunnelAsync(files, postgres.SocketPath, "--expect=postgres");

        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));
        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", bySocket.Port, PostgresPeer.TrustedUser, "select 1"));
    }

    [AditFact]
    public async Task An_ssh_server_in_the_place_of_postgres_is_named()
    {
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync("-F", files.ConfigPath, "-N", "-L", $"{port}:127.0.0.1:{sshd.Port}", "--expect", "postgres", SshClientFiles.Alias);

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Contains($"127.0.0.1:{sshd.Port} is not PostgreSQL, which is expected there: an SSH server answered: \"SSH-2.0-OpenSSH", adit.Error.Text, StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_run_of_psql_looks_first_unless_it_is_told_not_to()
    {
        var sshd = await StartSshdAsync();
        await using var other = TcpService.Banner("220 mail\r\n");
        using var files = await SshClientFiles.CreateAsync(sshd);
        string[] Arguments(params string[] options) => ["psql", "-F", files.ConfigPath, .. options, "-L", Target(other.Port), SshClientFiles.Alias, "-c", "select 1"];

        var refused = await StartAditAsync(Arguments());
        var told = await StartAditAsync(Arguments("--expect", "none"));

        Assert.Equal(ConnectionFailed, await refused.ExitAsync());
        Assert.Contains("something else answered: \"220 mail\"", refused.Error.Text, StringComparison.Ordinal);
        Assert.NotEqual(ConnectionFailed, await told.ExitAsync());
    }

    [AditFact]
    public async Task The_certificate_of_postgres_is_held_to_the_one_that_was_written()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=db", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var postgres = Own(await PostgresPeer.StartAsync(new() { Ssl = (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n") }));
        var plain = await PostgresPeer.SharedAsync();
        var right = "sha256:" + certificate.GetCertHashString(HashAlgorithmName.SHA256);
        var wrong = "sha256:" + new string('0', 64);
        var sshd = await StartSshdAsync();
        using var files = await SshClientFiles.CreateAsync(sshd);
        Task<ChildProcess> FailAsync(int target, string expected) =>
            StartAditAsync("-F", files.ConfigPath, "-N", "-L", $"{LoopbackPort.Free()}:127.0.0.1:{target}", "--expect-cert", expected, SshClientFiles.Alias);

        var tunnel = await OpenTunnelAsync(files, postgres.Port, "--expect-cert", right);
        var other = await FailAsync(postgres.Port, wrong);
        var none = await FailAsync(plain.Port, right);

        Assert.Equal("1", await Psql.RunAsync("127.0.0.1", tunnel.Port, PostgresPeer.TrustedUser, "select 1"));
        Assert.Equal(ConnectionFailed, await other.ExitAsync());
        Assert.Contains($"its certificate is {right}, and {wrong} is expected", other.Error.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(ConnectionFailed, await none.ExitAsync());
        Assert.Contains("it offers no TLS", none.Error.Text, StringComparison.Ordinal);
        // The look itself is nothing that its log would speak of.
        Assert.DoesNotContain("SSL connection", postgres.Log, StringComparison.Ordinal);
    }
}

using System.Globalization;
using Adit.Interop.Tests.Cli;
using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Tls;

/// <summary>What openssl says to the certificates of <c>adit cert</c>.</summary>
[Trait("Surface", "S3-24")]
public sealed class CertCommandTests(ITestOutputHelper output) : PeerTest(output), IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = RunFolder.Create("cert");

    [AditTheory]
    [InlineData()]
    [InlineData("--rsa")]
    public async Task One_that_vouches_for_itself_holds_for_all_its_names_and_for_both_ends(params string[] options)
    {
        await CertAsync(["self", "db.example.com", "10.0.0.5", "::1", "joe@example.com", "-o", "db.pem", .. options]);

        await VerifyAsync("-CAfile", "db.pem", "-purpose", "sslserver", "-verify_hostname", "db.example.com", "db.pem");
        await VerifyAsync("-CAfile", "db.pem", "-purpose", "sslserver", "-verify_ip", "10.0.0.5", "db.pem");
        await VerifyAsync("-CAfile", "db.pem", "-purpose", "sslserver", "-verify_ip", "::1", "db.pem");
        await VerifyAsync("-CAfile", "db.pem", "-purpose", "sslclient", "-verify_email", "joe@example.com", "db.pem");
        var text = await OpenSslAsync("x509", "-in", "db.pem", "-noout", "-text");
        Assert.Contains(options.Length > 0 ? "Public-Key: (3072 bit)" : "NIST CURVE: P-256", text, StringComparison.Ordinal);
        Assert.Contains("CA:FALSE", text, StringComparison.Ordinal);
        Assert.Contains("TLS Web Server Authentication, TLS Web Client Authentication", text, StringComparison.Ordinal);
        Assert.Contains("DNS:db.example.com, IP Address:10.0.0.5, IP Address:0:0:0:0:0:0:0:1, email:joe@example.com", text, StringComparison.Ordinal);
        // Key and certificate belong to each other.
        Assert.Equal(await OpenSslAsync("x509", "-in", "db.pem", "-noout", "-pubkey"), await OpenSslAsync("pkey", "-in", "db.pem", "-pubout"));
    }

    [AditTheory]
    [InlineData()]
    [InlineData("--rsa")]
    public async Task An_authority_and_what_it_signs_hold_where_they_should_and_nowhere_else(params string[] options)
    {
        await CertAsync(["ca", "--name", "Test CA", .. options]);
        await CertAsync(["server", "db.example.com", "--ca", "ca", "-o", "db.pem", .. options]);
        await CertAsync(["client", "joe", "--ca", "ca", "--ou", "DBA", "--uri", "spiffe://example.org/job", .. options]);

        await VerifyAsync("-CAfile", "ca/ca.pem", "ca/ca.pem");
        await VerifyAsync("-CAfile", "ca/ca.pem", "-purpose", "sslserver", "-verify_hostname", "db.example.com", "db.pem");
        await VerifyAsync("-CAfile", "ca/ca.pem", "-purpose", "sslclient", "joe.pem");
        await RefuseAsync("-CAfile", "ca/ca.pem", "-purpose", "sslclient", "db.pem");
        await RefuseAsync("-CAfile", "ca/ca.pem", "-purpose", "sslserver", "joe.pem");
        await RefuseAsync("-CAfile", "ca/ca.pem", "-verify_hostname", "other.example.com", "db.pem");
        Assert.Contains("OU = DBA, CN = joe", await OpenSslAsync("x509", "-in", "joe.pem", "-noout", "-subject"), StringComparison.Ordinal);
        Assert.Contains("URI:spiffe://example.org/job", await OpenSslAsync("x509", "-in", "joe.pem", "-noout", "-text"), StringComparison.Ordinal);
    }

    [AditFact]
    public async Task A_server_and_a_client_meet_with_them()
    {
        await CertAsync("ca");
        await CertAsync("server", "db.example.com", "--ca", "ca", "-o", "db.pem");
        await CertAsync("client", "report writer", "--ca", "ca", "-o", "client.pem");
        var port = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture);
        var server = await StartOpenSslAsync("s_server", "-accept", $"127.0.0.1:{port}", "-naccept", "1", "-brief",
            "-cert", "db.pem", "-key", "db.pem", "-CAfile", "ca/ca.pem", "-Verify", "1", "-verify_return_error", "-x509_strict");
        await LoopbackPort.UntilListeningAsync(int.Parse(port, CultureInfo.InvariantCulture), server);

        var client = await StartOpenSslAsync("s_client", "-connect", $"127.0.0.1:{port}", "-brief", "-verify_return_error", "-x509_strict",
            "-CAfile", "ca/ca.pem", "-verify_hostname", "db.example.com", "-cert", "client.pem", "-key", "client.pem");
        await client.ErrorAsync("Verification: OK");
        await server.ErrorAsync("Peer certificate: CN = report writer");
        await server.ErrorAsync("Verification: OK");
        client.Input.Close();

        Assert.Equal(0, await client.ExitAsync());
        server.Input.Close();
        await server.ExitAsync();
    }

    [AditFact]
    public async Task What_is_revoked_is_refused_and_nothing_else_is()
    {
        await CertAsync("ca");
        await CertAsync("client", "joe", "--ca", "ca");
        await CertAsync("client", "ann", "--ca", "ca");

        await CertAsync("revoke", "joe.pem", "--ca", "ca");

        await VerifyAsync("-crl_check", "-CRLfile", "ca/crl.pem", "-CAfile", "ca/ca.pem", "ann.pem");
        Assert.Contains("certificate revoked", await RefuseAsync("-crl_check", "-CRLfile", "ca/crl.pem", "-CAfile", "ca/ca.pem", "joe.pem"), StringComparison.Ordinal);
        var list = await StartOpenSslAsync("crl", "-in", "ca/crl.pem", "-CAfile", "ca/ca.pem", "-noout", "-text");
        Assert.Equal(0, await list.ExitAsync());
        Assert.Contains("verify OK", list.Error.Text, StringComparison.Ordinal);
        var serial = (await OpenSslAsync("x509", "-in", "joe.pem", "-noout", "-serial")).Trim()["serial=".Length..];
        Assert.Contains($"Serial Number: {serial}", list.Output.Text, StringComparison.Ordinal);
        Assert.Equal(1, list.Output.Count("Serial Number:"));
    }

    [AditFact]
    public async Task Files_with_keys_are_their_owners_whatever_the_umask_and_stay_unless_forced()
    {
        var adit = await AditProcess.ProgramAsync();
        await ChildProcess.RunAsync(new("sh", "-c", $"umask 0; '{adit}' cert ca && '{adit}' cert self localhost && '{adit}' cert client joe --ca ca") { WorkingFolder = _folder });
        foreach (var secret in new[] { "ca/ca.key", "localhost.pem", "joe.pem" })
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(_folder, secret)));
        var before = await File.ReadAllTextAsync(Path.Combine(_folder, "localhost.pem"));

        var again = await StartCertAsync("self", "localhost");
        Assert.Equal(2, await again.ExitAsync());
        Assert.Contains("--force", again.Error.Text, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(_folder, "localhost.pem")));

        await CertAsync("self", "localhost", "--force");
        Assert.NotEqual(before, await File.ReadAllTextAsync(Path.Combine(_folder, "localhost.pem")));
        // A file that the runtime or a killed write left would be one too many.
        Assert.Equal(["ca", "joe.pem", "localhost.pem"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [AditFact]
    public async Task Certificates_are_read_from_a_pipe_too()
    {
        await CertAsync("self", "localhost");
        var adit = await AditProcess.ProgramAsync();

        var piped = await ChildProcess.RunAsync(new("sh", "-c", $"cat localhost.pem | '{adit}' cert show /dev/stdin") { WorkingFolder = _folder });

        Assert.Equal((await CertAsync("show", "localhost.pem")).Split('\n')[1..], piped.Split('\n')[1..]);
    }

    [AditFact]
    public async Task Certificates_of_openssl_are_shown_with_the_fingerprint_that_it_prints()
    {
        await OpenSslAsync("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/O=Example/CN=db", "-days", "2",
            "-addext", "subjectAltName=DNS:db.example.com,IP:10.0.0.5,email:a@example.com,URI:urn:x:y,otherName:1.2.3;UTF8:z");
        await File.WriteAllTextAsync(Path.Combine(_folder, "both.pem"), await ReadAsync("key.pem") + await ReadAsync("cert.pem"));
        File.SetUnixFileMode(Path.Combine(_folder, "both.pem"), OwnerOnly);

        var shown = await CertAsync("show", "both.pem");

        var print = (await OpenSslAsync("x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha256")).Trim().Split('=')[1];
        Assert.Contains($"fingerprint  sha256:{print.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant()}", shown, StringComparison.Ordinal);
        var pin = await ChildProcess.RunAsync(new("sh", "-c", "openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r") { WorkingFolder = _folder });
        Assert.Contains($"public key   sha256:{pin.Split(' ')[0]}", shown, StringComparison.Ordinal);
        Assert.Contains("names        DNS db.example.com, IP 10.0.0.5, email a@example.com, URI urn:x:y, (another kind)", shown, StringComparison.Ordinal);
        Assert.Contains("and a private key\n", shown, StringComparison.Ordinal);
    }

    [AditTheory]
    [InlineData("EC", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")]
    [InlineData("RSA", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")]
    public async Task The_older_forms_of_keys_are_compared_too(string kind, params string[] key)
    {
        await OpenSslAsync(["genpkey", .. key, "-out", "new.pem"]);
        await OpenSslAsync(["genpkey", .. key, "-out", "other.pem"]);
        await OpenSslAsync("pkey", "-in", "new.pem", "-traditional", "-out", "old.pem");
        await OpenSslAsync("pkey", "-in", "other.pem", "-traditional", "-out", "foreign.pem");
        Assert.Contains($"BEGIN {kind} PRIVATE KEY", await ReadAsync("old.pem"), StringComparison.Ordinal);
        await OpenSslAsync("req", "-x509", "-key", "new.pem", "-out", "cert.pem", "-subj", "/CN=db", "-addext", "subjectAltName=DNS:db.example.com");
        foreach (var with in new[] { "new", "old", "foreign" })
        {
            var path = Path.Combine(_folder, $"with-{with}.pem");
            await File.WriteAllTextAsync(path, await ReadAsync("cert.pem") + await ReadAsync($"{with}.pem"));
            File.SetUnixFileMode(path, OwnerOnly);
        }

        await CertAsync("show", "with-new.pem");
        await CertAsync("show", "with-old.pem");
        var foreign = await StartCertAsync("show", "with-foreign.pem");
        Assert.Equal(1, await foreign.ExitAsync());
        Assert.Contains("WRONG        its private key belongs to another certificate", foreign.Output.Text, StringComparison.Ordinal);
    }

    [AditTheory]
    [InlineData("self")]
    [InlineData("self", "a b")]
    [InlineData("self", "localhost", "--days", "0")]
    [InlineData("self", "localhost", "-o", "none/here.pem")]
    [InlineData("server", "localhost")]
    [InlineData("server", "localhost", "--ca", "none")]
    [InlineData("revoke", "none.pem", "--ca", "ca")]
    [InlineData("show", "none.pem")]
    [InlineData("shwo")]
    [InlineData()]
    public async Task What_cannot_be_done_returns_2_says_why_and_leaves_nothing(params string[] arguments)
    {
        var cert = await StartCertAsync(arguments);

        Assert.Equal(2, await cert.ExitAsync());
        Assert.NotEmpty(cert.Error.Text);
        Assert.DoesNotContain("Exception", cert.Error.Text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [AditTheory]
    [InlineData()]
    [InlineData("self")]
    [InlineData("ca")]
    [InlineData("server")]
    [InlineData("client")]
    [InlineData("revoke")]
    [InlineData("show")]
    public async Task The_help_fits_a_screen(params string[] command)
    {
        var cert = await StartCertAsync([.. command, "--help"]);

        Assert.Equal(0, await cert.ExitAsync());
        var lines = cert.Output.Text.TrimEnd().Split('\n');
        Assert.InRange(lines.Length, 8, 24);
        Assert.All(lines, static line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }

    public void Dispose() => RunFolder.Remove(_folder);

    private Task<string> ReadAsync(string name) => File.ReadAllTextAsync(Path.Combine(_folder, name));

    private async Task<ChildProcess> StartCertAsync(params IReadOnlyList<string> arguments)
    {
        var cert = await StartAditAsync(new ChildProcessStart("", ["cert", .. arguments]) { WorkingFolder = _folder });
        cert.Input.Close();
        return cert;
    }

    private async Task<string> CertAsync(params IReadOnlyList<string> arguments)
    {
        var cert = await StartCertAsync(arguments);
        Assert.True(await cert.ExitAsync() == 0, cert.Log);
        return cert.Output.Text;
    }

    private async Task<ChildProcess> StartOpenSslAsync(params IReadOnlyList<string> arguments) =>
        Own(await ChildProcess.StartAsync(new("openssl", arguments) { WorkingFolder = _folder }));

    private Task<string> OpenSslAsync(params IReadOnlyList<string> arguments) => ChildProcess.RunAsync(new("openssl", arguments) { WorkingFolder = _folder });

    private Task<string> VerifyAsync(params IReadOnlyList<string> arguments) => OpenSslAsync(["verify", "-x509_strict", .. arguments]);

    private async Task<string> RefuseAsync(params IReadOnlyList<string> arguments)
    {
        var verify = await StartOpenSslAsync(["verify", "-x509_strict", .. arguments]);
        Assert.NotEqual(0, await verify.ExitAsync());
        return verify.Error.Text;
    }
}

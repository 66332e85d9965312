using System.Security.Cryptography.X509Certificates;
using Adit.Cli.Certificates;
using Adit.Certificates;

namespace Adit.Cli.Tests.Certificates;

[Trait("Surface", "S3-24")]
public sealed class CertCommandTests : IDisposable
{
    private static readonly MakingSettings Usual = new(Output: null, CertificateKeyKind.Ecdsa, CertificateWish.UsualDays, Force: false);

    private readonly string _folder = Directory.CreateTempSubdirectory("adit-cert-").FullName;
    private readonly StringWriter _output = new();

    private string Authority => Path.Combine(_folder, "ca");

    public void Dispose()
    {
        _output.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void What_was_made_is_said_with_its_fingerprint_and_what_comes_next()
    {
        string path = Path.Combine(_folder, "db.pem");

        Assert.Equal(0, Making.MakeSelfSigned(["localhost", "127.0.0.1"], Usual with { Output = path }, _output));

        using CertificateFile file = CertificateFile.Read(path);
        X509Certificate2 made = Assert.Single(file.Certificates);
        string text = _output.ToString();
        Assert.StartsWith($"{path}: a certificate and its private key, readable by you alone\n", text, StringComparison.Ordinal);
        Assert.Contains("names        DNS localhost, IP 127.0.0.1\n", text, StringComparison.Ordinal);
        Assert.Contains(CertificateReading.Fingerprint(made), text, StringComparison.Ordinal);
        Assert.Contains(CertificateReading.KeyPin(made), text, StringComparison.Ordinal);
        Assert.Contains($"Next: name the file at the server (cert = {path})", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("db.example.com", "(CAfile, verifyChain = yes, checkHost = db.example.com)")]
    [InlineData("*.example.com", "(CAfile, verifyChain = yes, checkHost = the host's name)")]
    [InlineData("::1", "(CAfile, verifyChain = yes, checkIP = ::1)")]
    [InlineData("joe@example.com", "(CAfile, verifyChain = yes, checkEmail = joe@example.com)")]
    public void Those_who_connect_are_told_to_look_at_the_name(string name, string expected)
    {
        MakeAuthority();

        Making.MakeSelfSigned([name], Usual with { Output = Path.Combine(_folder, "self.pem") }, _output);
        Making.MakeServer([name], Authority, Usual with { Output = Path.Combine(_folder, "db.pem") }, _output);

        Assert.Equal(3, _output.ToString().Split(expected).Length);
    }

    [Fact]
    public void A_folder_is_no_file()
    {
        CertificateException refused = Assert.Throws<CertificateException>(() => Showing.Show(_folder, asPem: false, DateTimeOffset.UtcNow, _output));

        Assert.Equal($"{_folder} is a folder; name a file in it", refused.Message);
    }

    [Fact]
    public void What_an_authority_signed_has_the_authority_behind_it()
    {
        MakeAuthority();
        string path = Path.Combine(_folder, "joe.pem");

        Making.MakeClient("report writer", "DBA", "spiffe://example.org/job", Authority, Usual with { Output = path }, _output);

        using CertificateFile file = CertificateFile.Read(path);
        Assert.Equal(["CN=report writer, OU=DBA", "CN=Test CA"], file.Certificates.Select(static one => one.Subject));
        Assert.Equal(0, Showing.Show(path, asPem: false, DateTimeOffset.UtcNow, _output));
    }

    [Fact]
    public void One_that_has_to_end_with_its_authority_says_so()
    {
        Making.MakeAuthority(Authority, "Test CA", CertificateKeyKind.Ecdsa, days: 30, force: false, _output);

        Making.MakeServer(["db.example.com"], Authority, Usual with { Output = Path.Combine(_folder, "db.pem") }, _output);

        Assert.Contains("It ends with the authority that signed it", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_there_stays_and_no_key_is_made_for_nothing()
    {
        MakeAuthority();
        string path = Path.Combine(_folder, "db.pem");
        File.WriteAllText(path, "mine");

        Assert.Throws<IOException>(() => Making.MakeServer(["db.example.com"], Authority, Usual with { Output = path }, _output));
        Assert.Equal("mine", File.ReadAllText(path));

        Making.MakeServer(["db.example.com"], Authority, Usual with { Output = path, Force = true }, _output);
        Assert.Contains("PRIVATE KEY", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_somebody_else_is_not_revoked()
    {
        MakeAuthority();
        string path = Path.Combine(_folder, "db.pem");
        Making.MakeSelfSigned(["localhost"], Usual with { Output = path }, _output);

        CertificateException refused = Assert.Throws<CertificateException>(() => Making.Revoke(path, Authority, _output));

        Assert.Equal($"{path}: it was not signed by this authority", refused.Message);
    }

    [Fact]
    public void Faults_are_marked_and_returned()
    {
        string path = Path.Combine(_folder, "db.pem");
        Making.MakeSelfSigned(["localhost"], Usual with { Output = path, Days = 1 }, _output);
        using var shown = new StringWriter();

        Assert.Equal(1, Showing.Show(path, asPem: false, DateTimeOffset.UtcNow.AddDays(2), shown));

        Assert.Contains("  WRONG        it expired on ", shown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void As_PEM_a_file_is_printed_without_its_key()
    {
        string path = Path.Combine(_folder, "db.pem");
        Making.MakeSelfSigned(["localhost"], Usual with { Output = path }, _output);
        using var shown = new StringWriter();

        Assert.Equal(0, Showing.Show(path, asPem: true, DateTimeOffset.UtcNow, shown));

        Assert.DoesNotContain("PRIVATE", shown.ToString(), StringComparison.Ordinal);
        Assert.StartsWith(shown.ToString(), File.ReadAllText(path), StringComparison.Ordinal);
    }

    private void MakeAuthority() => Making.MakeAuthority(Authority, "Test CA", CertificateKeyKind.Ecdsa, CertificateMaker.UsualAuthorityDays, force: false, _output);
}

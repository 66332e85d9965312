using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Tests.Shared;
using Adit.Certificates;

namespace Adit.Tests.Certificates;

[Trait("Surface", "S3-24")]
public sealed class CertificateFileTests : IDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("adit-cert-").FullName;

    private string Target => Path.Combine(_folder, "file.pem");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData((int)CertificateKeyKind.Ecdsa)]
    [InlineData((int)CertificateKeyKind.Rsa)]
    public void With_what_was_made_nothing_is_wrong(int kind)
    {
        using X509Certificate2 authority = Maker.MakeAuthority("Test CA", (CertificateKeyKind)kind), leaf = Maker.MakeSigned(Wish("db.example.com") with { Key = (CertificateKeyKind)kind }, authority);
        NewFile.Write(Target, CertificatePem.WithKey(leaf, authority), isPrivate: true, replace: false);

        using CertificateFile file = CertificateFile.Read(Target);

        Assert.Equal([leaf, authority], file.Certificates);
        Assert.Equal(KeyPresence.Known, file.Key);
        Assert.Empty(CertificateFaults.Of(file));
        Assert.All(file.Certificates, certificate => Assert.Empty(CertificateFaults.Of(certificate, _clock.GetUtcNow())));
    }

    [Fact]
    public void A_key_of_another_certificate_an_order_upside_down_and_other_readers_are_wrong()
    {
        using X509Certificate2 authority = Maker.MakeAuthority("Test CA"), leaf = Maker.MakeSigned(Wish("db.example.com"), authority);
        File.WriteAllBytes(Target, [.. CertificatePem.Certificates(authority, leaf), .. CertificatePem.PrivateKey(leaf)]);
        SetMode(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        using CertificateFile file = CertificateFile.Read(Target);

        Assert.Collection(
            CertificateFaults.Of(file),
            static fault => Assert.StartsWith("its private key belongs to another", fault, StringComparison.Ordinal),
            static fault => Assert.StartsWith("certificate 2 did not sign certificate 1", fault, StringComparison.Ordinal),
            static fault => Assert.Contains("every user of this machine may read it: chmod 600", fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_key_all_may_read_it_and_the_order_is_nobodys_matter()
    {
        using X509Certificate2 one = Maker.MakeAuthority("One"), other = Maker.MakeAuthority("Other");
        File.WriteAllBytes(Target, CertificatePem.Certificates(one, other));
        SetMode(UnixFileMode.UserRead | UnixFileMode.OtherRead);

        using CertificateFile file = CertificateFile.Read(Target);

        Assert.Equal(KeyPresence.Absent, file.Key);
        Assert.Empty(CertificateFaults.Of(file));
    }

    [Fact]
    public void A_certificate_is_judged_by_the_time()
    {
        using X509Certificate2 leaf = Maker.MakeSelfSigned(Wish("db.example.com") with { Days = 1 });
        DateTimeOffset ends = CertificateReading.Ends(leaf);

        Assert.Empty(CertificateFaults.Of(leaf, ends));
        Assert.StartsWith("it expired on 2026-01-01", Assert.Single(CertificateFaults.Of(leaf, ends.AddSeconds(1))), StringComparison.Ordinal);
        Assert.StartsWith("it does not hold before", Assert.Single(CertificateFaults.Of(leaf, CertificateReading.Begins(leaf).AddSeconds(-1))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_RSA_key_and_a_server_without_names_are_wrong()
    {
        using var key = RSA.Create(1024);
        using X509Certificate2 weak = new CertificateRequest("CN=db", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(_clock.GetUtcNow(), _clock.GetUtcNow().AddDays(1));

        Assert.Collection(
            CertificateFaults.Of(weak, _clock.GetUtcNow()),
            static fault => Assert.Contains("1024 bits", fault, StringComparison.Ordinal),
            static fault => Assert.Contains("no names", fault, StringComparison.Ordinal));
    }

    [Fact]
    public void One_certificate_may_stand_alone_in_its_binary_form()
    {
        using X509Certificate2 leaf = Maker.MakeSelfSigned(Wish("db.example.com"));
        File.WriteAllBytes(Target, leaf.RawData);

        using CertificateFile file = CertificateFile.Read(Target);

        Assert.Equal(leaf, Assert.Single(file.Certificates));
    }

    [Fact]
    public void A_key_under_a_password_is_seen_but_not_compared()
    {
        using X509Certificate2 leaf = Maker.MakeSelfSigned(Wish("db.example.com"));
        using ECDsa key = leaf.GetECDsaPrivateKey()!;
        string locked = key.ExportEncryptedPkcs8PrivateKeyPem("password", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1));
        File.WriteAllText(Target, leaf.ExportCertificatePem() + "\n" + locked);

        using CertificateFile file = CertificateFile.Read(Target);

        Assert.Equal(KeyPresence.Closed, file.Key);
        Assert.Null(file.PublicKey);
    }

    [Theory]
    [InlineData("")]
    [InlineData("rubbish")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    [InlineData("0\u0082rubbish")]
    public void What_is_no_certificate_is_refused_by_name(string text)
    {
        File.WriteAllBytes(Target, Encoding.Latin1.GetBytes(text));

        Assert.Contains(Target, Assert.Throws<CertificateException>(() => CertificateFile.Read(Target)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_has_no_end_is_not_read_to_it()
    {
        using (FileStream file = File.Create(Target))
            file.SetLength(1L << 40);

        Assert.Contains("over the limit", Assert.Throws<CertificateException>(() => CertificateFile.Read(Target)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_would_steer_a_terminal_are_shown_as_they_are_written()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName("db\u001b[2J");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("a\u001b]0;x\u0007@example.com");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(_clock.GetUtcNow(), _clock.GetUtcNow().AddDays(1));

        Assert.Equal("CN=db\\x1b[2J", CertificateReading.Name(made.SubjectName));
        Assert.Equal(["email a\\x1b]0;x\\x07@example.com"], CertificateReading.Names(made));
    }

    [Fact]
    public void Names_that_cannot_be_read_are_said_to_be_so()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=db", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, 0x05, 0x82, 0x20, 0x41], critical: false));
        using X509Certificate2 made = request.CreateSelfSigned(_clock.GetUtcNow(), _clock.GetUtcNow().AddDays(1));

        Assert.Equal(["(unreadable)"], CertificateReading.Names(made));
    }

    private CertificateMaker Maker => new(_clock);

    private static CertificateWish Wish(string name) => new() { Names = [CertificateName.Parse(name)], Use = CertificateUse.Server };

    private void SetMode(UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Target, mode);
    }
}

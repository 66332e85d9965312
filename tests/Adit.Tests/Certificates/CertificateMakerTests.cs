using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Tests.Shared;
using Adit.Certificates;

namespace Adit.Tests.Certificates;

[Trait("Surface", "S3-24")]
public class CertificateMakerTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void By_default_a_certificate_has_a_P256_key_a_random_serial_and_holds_for_a_year()
    {
        using X509Certificate2 one = Maker.MakeSelfSigned(Wish("db.example.com")), other = Maker.MakeSelfSigned(Wish("db.example.com"));

        using ECDsa key = one.GetECDsaPrivateKey()!;
        Assert.Equal(ECCurve.NamedCurves.nistP256.Oid.Value, key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value);
        Assert.Equal(20, one.SerialNumberBytes.Length);
        Assert.NotEqual(one.SerialNumber, other.SerialNumber);
        Assert.NotEqual(CertificateReading.KeyPin(one), CertificateReading.KeyPin(other));
        Assert.Equal(TimeSpan.FromDays(365), one.NotAfter - one.NotBefore);
        Assert.InRange(_clock.GetUtcNow() - CertificateReading.Begins(one), TimeSpan.Zero, TimeSpan.FromMinutes(10));
    }

    [Fact]
    public void An_RSA_key_has_3072_bits_and_signs_with_SHA256()
    {
        using X509Certificate2 made = Maker.MakeSelfSigned(Wish("db.example.com") with { Key = CertificateKeyKind.Rsa });

        using RSA key = made.GetRSAPrivateKey()!;
        Assert.Equal(3072, key.KeySize);
        Assert.Equal("1.2.840.113549.1.1.11", made.SignatureAlgorithm.Value);
    }

    [Fact]
    public void All_names_are_in_it_once()
    {
        using X509Certificate2 made = Maker.MakeSelfSigned(Wish("db.example.com", "10.0.0.5", "::1", "joe@example.com", "DB.example.com"));

        Assert.Equal("CN=db.example.com", made.Subject);
        Assert.Equal(["DNS db.example.com", "IP 10.0.0.5", "IP ::1", "email joe@example.com"], CertificateReading.Names(made));
    }

    [Theory]
    [InlineData((int)CertificateUse.Server, "1.3.6.1.5.5.7.3.1")]
    [InlineData((int)CertificateUse.Client, "1.3.6.1.5.5.7.3.2")]
    [InlineData((int)(CertificateUse.Server | CertificateUse.Client), "1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2")]
    public void It_is_good_for_what_was_wished_and_nothing_else(int use, string expected)
    {
        using X509Certificate2 made = Maker.MakeSelfSigned(Wish("joe") with { Use = (CertificateUse)use });

        var uses = Assert.Single(made.Extensions.OfType<X509EnhancedKeyUsageExtension>());
        Assert.Equal(expected, string.Join(' ', uses.EnhancedKeyUsages.Cast<Oid>().Select(static one => one.Value)));
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, Assert.Single(made.Extensions.OfType<X509KeyUsageExtension>()).KeyUsages);
        Assert.False(Assert.Single(made.Extensions.OfType<X509BasicConstraintsExtension>()).CertificateAuthority);
    }

    [Fact]
    public void A_client_has_unit_and_URI_where_servers_look_for_them()
    {
        using X509Certificate2 authority = Maker.MakeAuthority("Test CA");
        using X509Certificate2 made = Maker.MakeSigned(
            new() { Names = [CertificateName.ParseClient("report writer")], Use = CertificateUse.Client, Unit = "DBA", Uri = "spiffe://example.org/job" }, authority);

        Assert.Equal("CN=report writer, OU=DBA", made.Subject);
        Assert.Equal(["URI spiffe://example.org/job"], CertificateReading.Names(made));
    }

    [Fact]
    public void A_name_too_long_for_a_subject_is_among_the_names_alone_which_then_are_critical()
    {
        string name = new string('a', 60) + ".example.com";
        using X509Certificate2 made = Maker.MakeSelfSigned(Wish(name));

        Assert.Empty(made.Subject);
        Assert.Equal([$"DNS {name}"], CertificateReading.Names(made));
        Assert.True(made.Extensions["2.5.29.17"]!.Critical);
    }

    [Fact]
    public void An_authority_signs_but_makes_no_further_authorities()
    {
        using X509Certificate2 authority = Maker.MakeAuthority("Test CA");

        var constraints = Assert.Single(authority.Extensions.OfType<X509BasicConstraintsExtension>());
        Assert.True(constraints is { CertificateAuthority: true, HasPathLengthConstraint: true, PathLengthConstraint: 0, Critical: true });
        Assert.Equal(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, Assert.Single(authority.Extensions.OfType<X509KeyUsageExtension>()).KeyUsages);
        Assert.InRange((authority.NotAfter - authority.NotBefore).TotalDays, 3652, 3653);
    }

    [Fact]
    public void What_an_authority_signs_begins_and_ends_with_it_at_the_latest()
    {
        using X509Certificate2 authority = Maker.MakeAuthority("Test CA", days: 10);

        using X509Certificate2 made = Maker.MakeSigned(Wish("db.example.com"), authority);

        Assert.Equal(authority.NotBefore, made.NotBefore);
        Assert.Equal(authority.NotAfter, made.NotAfter);
        Assert.Equal(authority.Subject, made.Issuer);
    }

    [Fact]
    public void An_authority_that_has_ended_signs_nothing()
    {
        using X509Certificate2 authority = Maker.MakeAuthority("Test CA", days: 10);
        _clock.Advance(TimeSpan.FromDays(10));

        Assert.Throws<CertificateException>(() => Maker.MakeSigned(Wish("db.example.com"), authority));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(7306)]
    [InlineData(int.MaxValue)]
    public void Days_have_limits(int days)
    {
        Assert.Throws<CertificateException>(() => Wish("db.example.com") with { Days = days });
        Assert.Throws<CertificateException>(() => Maker.MakeAuthority("Test CA", days: days));
    }

    [Fact]
    public void No_certificate_but_an_authority_holds_for_more_than_ten_years() =>
        Assert.Throws<CertificateException>(() => Wish("db.example.com") with { Days = CertificateWish.MaxDays + 1 });

    [Fact]
    public void Names_have_limits()
    {
        Assert.Throws<CertificateException>(() => Wish());
        Assert.Throws<CertificateException>(() => Wish([.. Enumerable.Range(0, 101).Select(static i => $"h{i}.example.com")]));
        Assert.Throws<CertificateException>(() => Maker.MakeAuthority(string.Empty));
        Assert.Throws<CertificateException>(() => Maker.MakeAuthority(new string('a', 65)));
        Assert.Throws<CertificateException>(() => Wish("joe") with { Unit = "a\nb" });
    }

    [Theory]
    [InlineData("example.org/job")]
    [InlineData("spiffe://Example.org/job")]
    [InlineData("spiffe://example.org/ä")]
    [InlineData("")]
    public void A_URI_that_would_come_out_otherwise_is_refused(string uri) => Assert.Throws<CertificateException>(() => Wish("joe") with { Uri = uri });

    private CertificateMaker Maker => new(_clock);

    private static CertificateWish Wish(params string[] names) =>
        new() { Names = [.. names.Select(CertificateName.Parse)], Use = CertificateUse.Server | CertificateUse.Client };
}

using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Gateway.Configuration;
using Adit.Tests.Shared.Certificates;
using Adit.Tls;

namespace Adit.Gateway.Tests.Configuration;

/// <summary>The rules of AditTlsUser.</summary>
public class CertificateRuleTests
{
    [Theory]
    [InlineData("CN=joe", true)]
    [InlineData("cn=joe", true)]
    [InlineData("CN=Joe", false)]
    [InlineData("CN=jo", false)]
    [InlineData("OU=ops", true)]
    [InlineData("OU=joe", false)]
    [InlineData("DNS=a.example.com", true)]
    [InlineData("DNS=A.Example.Com", true)]
    [InlineData("DNS=*.example.com", true)]
    [InlineData("DNS=*.com", false)]
    [InlineData("DNS=*", false)]
    [InlineData("DNS=a.**", true)]
    [InlineData("DNS=joe", false)]
    [InlineData("URI=spiffe://example.com/db/joe", true)]
    [InlineData("URI=spiffe://example.com/DB/joe", false)]
    [InlineData("URI=spiffe://example.com/db/*", true)]
    [InlineData("URI=spiffe://example.com/*/joe", true)]
    [InlineData("URI=spiffe://*/db/joe", true)]
    [InlineData("URI=spiffe://example.com/*", false)]
    [InlineData("URI=spiffe://example.com/**", true)]
    [InlineData("URI=spiffe://example.com/db/joe/*", false)]
    [InlineData("URI=spiffe://example.com/db/joe/**", false)]
    [InlineData("URI=spiffe://example.com/d/**", false)]
    public void A_name_fits_as_a_whole_part_by_part(string rule, bool fits)
    {
        using X509Certificate2 certificate = Certificate("CN=joe, OU=ops, O=example");
        Assert.Equal(fits, CertificateRule.Parse(rule).Fits(certificate, isFromAuthority: true));
    }

    [Theory]
    [InlineData("spiffe://b/", "URI=spiffe://b/*", false)]
    [InlineData("spiffe://b/", "URI=spiffe://b/**", false)]
    [InlineData("spiffe://b//c", "URI=spiffe://b/*/c", false)]
    [InlineData("spiffe://b/c/", "URI=spiffe://b/**", true)]
    public void A_wildcard_stands_for_something(string uri, string rule, bool fits)
    {
        using X509Certificate2 certificate = Certificate("CN=joe", uri);
        Assert.Equal(fits, CertificateRule.Parse(rule).Fits(certificate, isFromAuthority: true));
    }

    [Fact]
    public void A_key_fits_in_hexadecimal_and_in_base64_and_no_other_does()
    {
        using X509Certificate2 certificate = Certificate("CN=joe");
        using X509Certificate2 other = Certificate("CN=joe");
        string digest = CertificateReading.KeyPin(certificate)["sha256:".Length..];
        foreach (string written in (string[])[digest, digest.ToUpperInvariant(), Convert.ToBase64String(Convert.FromHexString(digest))])
        {
            CertificateRule rule = CertificateRule.Parse($"SPKI=sha256:{written}");
            Assert.True(rule.Fits(certificate, isFromAuthority: false));
            Assert.False(rule.Fits(other, isFromAuthority: true));
        }
    }

    [Theory]
    [InlineData("CN=joe")]
    [InlineData("OU=ops")]
    [InlineData("DNS=a.example.com")]
    [InlineData("URI=spiffe://example.com/**")]
    public void A_name_that_no_authority_vouches_for_fits_nothing(string rule)
    {
        using X509Certificate2 certificate = Certificate("CN=joe, OU=ops");
        Assert.False(CertificateRule.Parse(rule).Fits(certificate, isFromAuthority: false));
    }

    [Fact]
    public void The_first_line_with_a_rule_that_fits_names_the_user()
    {
        using X509Certificate2 certificate = Certificate("CN=joe, OU=ops");
        CertificateUser[] users = [User("ann", "CN=ann", "DNS=b.example.com"), User("ops", "CN=x", "OU=ops"), User("joe", "CN=joe")];
        Assert.Equal("ops", CertificateUser.Find([.. users], certificate, isFromAuthority: true));
        Assert.Null(CertificateUser.Find([users[0]], certificate, isFromAuthority: true));
    }

    private static CertificateUser User(string name, params string[] rules) => new(name, [.. rules.Select(CertificateRule.Parse)]);

    private static X509Certificate2 Certificate(string subject, string uri = "spiffe://example.com/db/joe")
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("a.example.com");
        names.AddUri(new Uri(uri));
        return TestAuthority.SelfSigned(subject, names.Build());
    }
}

using System.Net;
using Adit.Gateway.Configuration;

namespace Adit.Gateway.Tests.Policy;

/// <summary>What one rule of AditPermitOpen or AditPermitListen is about.</summary>
public class EndpointRuleTests
{
    [Theory]
    [InlineData("db.example.com:5432", "db.example.com", 5432, true)]
    [InlineData("db.example.com:5432", "DB.Example.COM", 5432, true)]
    [InlineData("DB.Example.COM:5432", "db.example.com", 5432, true)]
    [InlineData("db.example.com:5432", "db.example.com", 5433, false)]
    [InlineData("db.example.com:5432", "xdb.example.com", 5432, false)]
    [InlineData("*.example.com:5432-5439", "a.b.example.com", 5439, true)]
    [InlineData("*.example.com:5432-5439", "a.example.com", 5440, false)]
    [InlineData("*.example.com:5432-5439", "a.example.com", 5431, false)]
    [InlineData("*.example.com:*", "example.com", 1, false)]
    [InlineData("*:*", "whatever", 65535, true)]
    [InlineData("db?:1", "db7", 1, true)]
    [InlineData("db?:1", "db", 1, false)]
    [InlineData("10.0.0.0/8:*", "10.0.0.1", 1, false)]
    public void A_name_is_a_pattern_without_regard_to_case_with_ports(string rule, string host, int port, bool fits) =>
        Assert.Equal(fits, EndpointRule.Parse(rule).FitsName(host, port));

    [Theory]
    [InlineData("10.0.0.0/8:*", "10.255.255.255", 1, true)]
    [InlineData("10.0.0.0/8:*", "11.0.0.0", 1, false)]
    [InlineData("10.0.0.0/8:1-2", "10.0.0.1", 3, false)]
    [InlineData("10.0.0.7:5432", "10.0.0.7", 5432, true)]
    [InlineData("10.0.0.7:5432", "10.0.0.8", 5432, false)]
    [InlineData("0.0.0.0/0:*", "203.0.113.9", 1, true)]
    [InlineData("0.0.0.0/0:*", "2001:db8::1", 1, false)]
    [InlineData("[2001:db8::/32]:5432", "2001:db8:ffff::1", 5432, true)]
    [InlineData("[2001:db8::/32]:5432", "2001:db9::1", 5432, false)]
    [InlineData("[::1]:*", "::1", 9, true)]
    [InlineData("[::/0]:*", "::1", 9, true)]
    [InlineData("[::/0]:*", "127.0.0.1", 9, false)]
    [InlineData("[::ffff:10.0.0.0/104]:*", "10.1.2.3", 9, true)]
    [InlineData("[::ffff:10.0.0.1]:*", "10.0.0.1", 9, true)]
    [InlineData("*:*", "10.0.0.1", 9, false)]
    public void A_block_is_about_addresses_of_its_family(string rule, string address, int port, bool fits) =>
        Assert.Equal(fits, EndpointRule.Parse(rule).FitsAddress(IPAddress.Parse(address), port));

    [Theory]
    [InlineData("/run/postgresql/*", "/run/postgresql/.s.PGSQL.5432", true)]
    [InlineData("/run/postgresql/*", "/run/mysql/x", false)]
    [InlineData("/run/x.sock", "/run/x.sock", true)]
    [InlineData("/run/x.sock", "/run/X.sock", false)]
    [InlineData("!/run/docker.sock", "/run/docker.sock", true)]
    [InlineData("*:*", "/run/x.sock", false)]
    public void A_path_is_a_pattern_with_regard_to_case(string rule, string path, bool fits) =>
        Assert.Equal(fits, EndpointRule.Parse(rule).FitsPath(path));

    [Fact]
    public void An_exclamation_mark_forbids_and_the_text_stays_as_written()
    {
        EndpointRule rule = EndpointRule.Parse("!10.0.0.0/8:*");
        Assert.True(rule.Forbids);
        Assert.True(rule.IsAboutAddress);
        Assert.Equal("!10.0.0.0/8:*", rule.Text);
        Assert.False(EndpointRule.Parse("db:1").Forbids);
        Assert.False(EndpointRule.Parse("db:1").IsAboutAddress);
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("db")]
    [InlineData(":5432")]
    [InlineData("db:")]
    [InlineData("db:0")]
    [InlineData("db:65536")]
    [InlineData("db:9-8")]
    [InlineData("db:-8")]
    [InlineData("db:8-")]
    [InlineData("db: 1")]
    [InlineData("db:+1")]
    [InlineData("::1:5432")]
    [InlineData("2001:db8::/32:5432")]
    [InlineData("10.0.0.1/8:*")]
    [InlineData("10.0.0.0/33:*")]
    [InlineData("10.0.0.0/+8:*")]
    [InlineData("10.0.0.0/8/8:*")]
    [InlineData("10/8:*")]
    [InlineData("127.1:*")]
    [InlineData("2130706433:*")]
    [InlineData("a/b:1")]
    [InlineData("[::1")]
    [InlineData("any")]
    public void What_is_no_rule_is_refused_with_a_hint(string text) =>
        Assert.NotEmpty(Assert.Throws<FormatException>(() => EndpointRule.Parse(text)).Message);
}

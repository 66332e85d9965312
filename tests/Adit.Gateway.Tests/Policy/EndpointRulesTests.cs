using System.Net;
using Adit.Gateway.Configuration;
using Adit.Gateway.Policy;

namespace Adit.Gateway.Tests.Policy;

/// <summary>The rules of AditPermitOpen together: names and addresses apart, the first rule that fits counts.</summary>
public class EndpointRulesTests
{
    [Fact]
    public void Where_there_are_no_rules_they_are_not_asked()
    {
        Assert.False(Rules().Any);
        Assert.True(Rules("db:1").Any);
    }

    [Theory]
    [InlineData("db:5432", "10.0.0.1", "db", 5432)]
    [InlineData("10.0.0.0/8:*", "10.0.0.1", "db", 5432)]
    [InlineData("[2001:db8::/32]:*", "2001:db8::1", "db", 5432)]
    [InlineData("db:5432 !10.0.0.0/8:*", "192.0.2.1", "db", 5432)]
    [InlineData("10.0.0.7:* !10.0.0.0/8:*", "10.0.0.7", "db", 5432)]
    [InlineData("db7:* !db*:* 10.0.0.0/8:*", "10.0.0.1", "db7", 1)]
    public void What_a_rule_permits_and_none_forbids_is_permitted(string rules, string address, string host, int port) =>
        Assert.Null(Rules(rules).Refusal(host, IPAddress.Parse(address), port));

    [Theory]
    [InlineData("db:5432", "10.0.0.1", "other", 5432, "no rule permits it")]
    [InlineData("db:5432", "10.0.0.1", "db", 5433, "no rule permits it")]
    [InlineData("!10.0.0.0/8:*", "192.0.2.1", "db", 5432, "no rule permits it")]
    [InlineData("db:* !10.0.0.0/8:*", "10.0.0.1", "db", 1, "10.0.0.1 is forbidden by the rule !10.0.0.0/8:*")]
    [InlineData("!10.0.0.0/8:* db:*", "10.0.0.1", "db", 1, "10.0.0.1 is forbidden by the rule !10.0.0.0/8:*")]
    [InlineData("!10.0.0.0/8:* 10.0.0.7:*", "10.0.0.7", "db", 1, "10.0.0.7 is forbidden by the rule !10.0.0.0/8:*")]
    [InlineData("!db:* *:*", "10.0.0.7", "db", 1, "it is forbidden by the rule !db:*")]
    [InlineData("10.0.0.0/8:* !db:*", "10.0.0.7", "db", 1, "it is forbidden by the rule !db:*")]
    [InlineData("!db:* *:*", "10.0.0.7", "DB", 1, "it is forbidden by the rule !db:*")]
    [InlineData("!db:* *:*", "10.0.0.7", "db.", 1, "it is forbidden by the rule !db:*")]
    public void What_no_rule_permits_or_one_forbids_is_refused(string rules, string address, string host, int port, string reason) =>
        Assert.Equal(reason, Rules(rules).Refusal(host, IPAddress.Parse(address), port));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:0.0.0.0")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0x7f.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("127.0.0.1")]
    public void No_way_of_writing_loopback_gets_around_a_block(string literal) =>
        Assert.Equal("127.0.0.1 is forbidden by the rule !127.0.0.0/8:*", Rules("*:* !127.0.0.0/8:*").Refusal(literal, IPAddress.Parse(literal), 22));

    [Theory]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::1%1")]
    [InlineData("0:0:0:0:0:0:0:1")]
    public void No_way_of_writing_loopback_of_IPv6_gets_around_a_block(string literal) =>
        Assert.Equal("::1 is forbidden by the rule ![::1]:*", Rules("*:* ![::1]:*").Refusal(literal, IPAddress.Parse(literal), 22));

    [Fact]
    public void A_link_local_address_is_judged_without_its_scope() =>
        Assert.Equal("fe80::1 is forbidden by the rule ![fe80::/10]:*", Rules("*:* ![fe80::/10]:*").Refusal("x", IPAddress.Parse("fe80::1%3"), 22));

    [Theory]
    [InlineData("0.0.0.0", "*:* !0.0.0.0:*")]
    [InlineData("0.0.0.0", "*:* !0.0.0.0/8:* 127.0.0.0/8:*")]
    [InlineData("::", "*:* ![::]:*")]
    public void The_unspecified_address_may_also_be_forbidden_itself(string address, string rules) =>
        Assert.Contains("is forbidden by the rule !", Rules(rules).Refusal("x", IPAddress.Parse(address), 22), StringComparison.Ordinal);

    [Theory]
    [InlineData("127.0.0.0/8:*", "localhost", "127.0.0.1", null)]
    [InlineData("127.0.0.0/8:*", "", "0.0.0.0", "no rule permits it")]
    [InlineData("[::1]:*", "", "::", "no rule permits it")]
    [InlineData("0.0.0.0:*", "", "0.0.0.0", null)]
    [InlineData("*:*", "", "0.0.0.0", null)]
    [InlineData("localhost:*", "", "0.0.0.0", "no rule permits it")]
    [InlineData("localhost:*", "localhost", "0.0.0.0", null)]
    [InlineData("*:* !10.0.0.0/8:*", "", "0.0.0.0", "0.0.0.0 is forbidden by the rule !10.0.0.0/8:*")]
    [InlineData("*:* !10.0.0.0/8:8081", "", "0.0.0.0", null)]
    [InlineData("*:* !10.0.0.0/8:*", "", "::", null)]
    [InlineData("*:* ![2001:db8::/32]:*", "", "::", ":: is forbidden by the rule ![2001:db8::/32]:*")]
    [InlineData("0.0.0.0:* !10.0.0.0/8:*", "", "0.0.0.0", null)]
    [InlineData("*:* !10.0.0.0/8:*", "192.0.2.1", "192.0.2.1", null)]
    [InlineData("*:* !10.0.0.0/8:*", "10.0.0.1", "10.0.0.1", "10.0.0.1 is forbidden by the rule !10.0.0.0/8:*")]
    public void To_listen_at_all_addresses_has_to_be_permitted_as_such_and_is_forbidden_with_one_of_them(string rules, string host, string address, string? reason) =>
        Assert.Equal(reason, Rules(rules).RefusalToListen(host, IPAddress.Parse(address), 8080));

    [Theory]
    [InlineData("*:*", "db", false)]
    [InlineData("!db:* *:*", "db", true)]
    [InlineData("other:1", "db", true)]
    [InlineData("10.0.0.0/8:*", "db", false)]
    [InlineData("!10.0.0.0/8:*", "db", true)]
    [InlineData("!db:* 10.0.0.0/8:*", "db", true)]
    [InlineData("!db:* 10.0.0.0/8:*", "db.", true)]
    public void A_name_that_no_address_could_save_need_not_be_looked_up(string rules, string host, bool forbidden) =>
        Assert.Equal(forbidden, Rules(rules).ForbidsName(host, 5432));

    [Theory]
    [InlineData("/run/pg/*", "/run/pg/s", null)]
    [InlineData("/run/pg/*", "/run/docker.sock", "no rule permits it")]
    [InlineData("*:*", "/run/docker.sock", "no rule permits it")]
    [InlineData("!/run/docker.sock /run/*", "/run/docker.sock", "it is forbidden by the rule !/run/docker.sock")]
    [InlineData("/run/* !/run/docker.sock", "/run/docker.sock", null)]
    public void A_socket_is_judged_by_the_first_rule_that_fits(string rules, string path, string? reason) =>
        Assert.Equal(reason, Rules(rules).Refusal(path));

    [Theory]
    [InlineData("/run/pg/../docker.sock")]
    [InlineData("/run/pg/./../docker.sock")]
    [InlineData("/run/pg/..")]
    [InlineData("/run/pg//s")]
    [InlineData("/run/pg/./s")]
    [InlineData("/run/pg/")]
    [InlineData("//run/pg/s")]
    public void A_path_with_detours_is_refused_whatever_rule_it_fits(string path) =>
        Assert.Equal("the path has to be written without //, . and ..", Rules("/run/pg/* /*").Refusal(path));

    [Fact]
    public void Names_that_only_hold_dots_are_no_detours() => Assert.Null(Rules("/run/pg/*").Refusal("/run/pg/.s.PGSQL..5432"));

    private static EndpointRules Rules(string rules = "") =>
        new([.. rules.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(EndpointRule.Parse)]);
}

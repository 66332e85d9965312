using Adit.Relay;

namespace Adit.Tests.Relay;

public sealed class AdmissionRuleTests
{
    private const string Known = "known are same-user, any, self, user:NAME, group:NAME, exe:PATH, pid:N and address:CIDR,…";

    [Theory]
    [InlineData("same-user")]
    [InlineData("any")]
    [InlineData("self")]
    [InlineData("user:joe")]
    [InlineData("user:1000")]
    [InlineData("user:4294967294")]
    [InlineData("group:db-users")]
    [InlineData("exe:/usr/bin/psql")]
    [InlineData("exe:\"/opt/this or that/psql\"")]
    [InlineData("pid:4711")]
    [InlineData("address:10.0.0.0/8,192.0.2.7,2001:db8::/32,::1")]
    [InlineData("same-user or pid:1 or exe:/bin/sh or address:0.0.0.0/0")]
    public void A_rule_is_written_as_it_was_read(string text) => Assert.Equal(text, AdmissionRule.Parse(text).ToString());

    [Theory]
    [InlineData("  same-user   or\tself ", "same-user or self")]
    [InlineData("user:0042", "user:42")]
    [InlineData("user:oregon or group:or-else", "user:oregon or group:or-else")]
    [InlineData("exe:/opt/my tool", "exe:\"/opt/my tool\"")]
    [InlineData("exe:\"/bin/sh\"", "exe:/bin/sh")]
    [InlineData("address:192.0.2.7/32, ::/0", "address:192.0.2.7,::/0")]
    public void Spaces_quotes_and_zeros_make_no_difference(string text, string same) =>
        Assert.Equal(AdmissionRule.Parse(same), AdmissionRule.Parse(text));

    [Theory]
    [InlineData("", "the rule is empty; " + Known)]
    [InlineData(" \t", "the rule is empty; " + Known)]
    [InlineData("sameuser", "unknown rule \"sameuser\"; " + Known)]
    [InlineData("Same-User", "unknown rule \"Same-User\"; " + Known)]
    [InlineData("uid:5", "unknown rule \"uid:5\"; " + Known)]
    [InlineData("a\u001b[31m", "unknown rule \"a\\x1b[31m\"; " + Known)]
    [InlineData("/usr/bin/psql", "unknown rule \"/usr/bin/psql\"; a program is written as exe:/usr/bin/psql")]
    [InlineData("4711", "unknown rule \"4711\"; a process is written as pid:4711, a user as user:4711")]
    [InlineData("same-user,self", "unknown rule \"same-user,self\"; several rules are joined by \" or \"; " + Known)]
    [InlineData("same-user and self", "unknown rule \"same-user and self\"; several rules are joined by \" or \"; " + Known)]
    [InlineData("any:one", "any takes no value, so \"any:one\" is no rule")]
    [InlineData("self:", "self takes no value, so \"self:\" is no rule")]
    [InlineData("user", "\"user\" lacks its value; " + Known)]
    [InlineData("pid: ", "\"pid:\" lacks its value; " + Known)]
    [InlineData("exe:\"\"", "\"exe:\"\"\" lacks its value; " + Known)]
    [InlineData("user:joe,ann", "user:joe,ann is not the name of a user; several rules are joined by \" or \"")]
    [InlineData("group:a b", "group:a b is not the name of a group; several rules are joined by \" or \"")]
    [InlineData("user:4294967295", "user:4294967295 is out of range; numbers go from 0 to 4294967294")]
    [InlineData("exe:psql", "exe:psql is not an absolute path; write for example exe:/usr/bin/psql")]
    [InlineData("exe:~/psql", "exe:~/psql is not an absolute path; write for example exe:/usr/bin/psql")]
    [InlineData("pid:0", "pid:0 is not the number of a process")]
    [InlineData("pid:-1", "pid:-1 is not the number of a process")]
    [InlineData("pid:4294967297", "pid:4294967297 is not the number of a process")]
    [InlineData("address:10.1", "\"10.1\" of address: is not an IP address or a network such as 10.0.0.0/8")]
    [InlineData("address:db", "\"db\" of address: is not an IP address or a network such as 10.0.0.0/8")]
    [InlineData("address:fe80::1%eth0", "\"fe80::1%eth0\" of address: is not an IP address or a network such as 10.0.0.0/8")]
    [InlineData("address:10.0.0.0/8,", "\"\" of address: is not an IP address or a network such as 10.0.0.0/8")]
    [InlineData("address:10.0.0.0/33", "the prefix of \"10.0.0.0/33\" is not a number from 0 to 32")]
    [InlineData("address:::/129", "the prefix of \"::/129\" is not a number from 0 to 128")]
    [InlineData("address:10.0.0.0/", "the prefix of \"10.0.0.0/\" is not a number from 0 to 32")]
    [InlineData("address:10.1.2.3/8", "\"10.1.2.3/8\" has bits beyond its prefix; the network is 10.0.0.0/8, the address alone is 10.1.2.3")]
    [InlineData("address:::ffff:10.0.0.1", "\"::ffff:10.0.0.1\" of address: is written as IPv4, 10.0.0.1")]
    [InlineData("or self", "nothing stands before an \"or\" of \"or self\"")]
    [InlineData("self or", "nothing stands behind an \"or\" of \"self or\"")]
    [InlineData("self or or any", "nothing stands behind an \"or\" of \"self or or any\"")]
    [InlineData("exe:\"/bin/sh", "a double quote is not closed in \"exe:\"/bin/sh\"")]
    public void What_is_no_rule_is_refused_with_what_is_wrong(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => AdmissionRule.Parse(text)).Message);

    [Fact]
    public void A_rule_has_limits()
    {
        Assert.Throws<FormatException>(() => AdmissionRule.Parse("user:" + new string('a', AdmissionRule.MaxLength)));
        Assert.Throws<FormatException>(() => AdmissionRule.Parse("user:" + new string('a', 257)));
        Assert.Throws<FormatException>(() => AdmissionRule.Parse(string.Join(" or ", Enumerable.Repeat("self", 65))));
        Assert.Throws<FormatException>(() => AdmissionRule.Parse("address:" + string.Join(',', Enumerable.Repeat("::1", 257))));
        Assert.Throws<FormatException>(() => AdmissionRule.Parse("exe:/" + new string('a', 4095)));
    }

    [Fact]
    public void Rules_made_by_a_program_are_those_that_people_write()
    {
        Assert.Equal(AdmissionRule.SameUser, AdmissionRule.Parse("same-user"));
        Assert.Equal(AdmissionRule.Any, AdmissionRule.Parse("any"));
        Assert.Equal(AdmissionRule.Self, AdmissionRule.Parse("self"));
        Assert.Equal(AdmissionRule.Tree(4711), AdmissionRule.Parse("pid:4711"));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdmissionRule.Tree(0));
    }
}

using System.Net.Sockets;
using Adit.OpenSsh;

namespace Adit.Tests.OpenSsh;

public sealed class CanonicalizationTests
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["db.a.example."] = "db.a.example",
        ["db.b.example."] = "db.b.example.",
        ["www.a.example."] = "www7.cdn.example",
        ["www"] = "www7.cdn.example",
        ["far.off.x.y"] = "far.off.x.y",
        ["anchored."] = "anchored",
        ["odd.a.example."] = "od d",
    };

    private readonly List<string> _asked = [];

    [Theory]
    [InlineData("db", "CanonicalizeHostname yes|CanonicalDomains a.example b.example", "db.a.example")]
    [InlineData("DB", "CanonicalizeHostname yes|CanonicalDomains B.example. a.example", "db.b.example")]
    [InlineData("db", "CanonicalDomains a.example", "db")]
    [InlineData("db", "CanonicalizeHostname no|CanonicalDomains a.example|CanonicalizePermittedCNAMEs *", "db")]
    [InlineData("db", "CanonicalizeHostname yes|CanonicalDomains none", "db")]
    [InlineData("other", "CanonicalizeHostname yes|CanonicalDomains a.example", "other")]
    [InlineData("far.off.x.y", "CanonicalizeHostname yes|CanonicalDomains a.example", "far.off.x.y")]
    [InlineData("anchored.", "CanonicalizeHostname yes|CanonicalizeMaxDots 0", "anchored")]
    [InlineData("192.0.2.1", "CanonicalizeHostname always|CanonicalDomains a.example|CanonicalizeFallbackLocal no", "192.0.2.1")]
    [InlineData("db", "CanonicalizeHostname yes|CanonicalDomains a.example|ProxyJump j", "db")]
    [InlineData("db", "CanonicalizeHostname always|CanonicalDomains a.example|ProxyJump j", "db.a.example")]
    [InlineData("db", "CanonicalizeHostname yes|CanonicalDomains a.example|ProxyCommand x", "db")]
    [InlineData("www", "CanonicalizeHostname yes|CanonicalDomains a.example", "www.a.example")]
    [InlineData("www", "CanonicalizeHostname yes|CanonicalDomains a.example|CanonicalizePermittedCNAMEs *.a.example:*.cdn.example", "www7.cdn.example")]
    [InlineData("www", "CanonicalizeHostname yes|CanonicalDomains a.example|CanonicalizePermittedCNAMEs *.b.example:*.cdn.example *:*.other", "www.a.example")]
    [InlineData("www", "CanonicalizeHostname yes|CanonicalizePermittedCNAMEs *", "www7.cdn.example")]
    [InlineData("www", "CanonicalizeHostname yes|CanonicalizePermittedCNAMEs none", "www")]
    [InlineData("odd", "CanonicalizeHostname yes|CanonicalDomains a.example|CanonicalizePermittedCNAMEs *", "odd.a.example")]
    [InlineData("x", "HostName db|CanonicalizeHostname yes|CanonicalDomains a.example", "db.a.example")]
    public void A_name_becomes_the_full_one(string alias, string options, string expected) =>
        Assert.Equal(expected, Resolve(alias, options).HostName);

    [Theory]
    [InlineData("other", "CanonicalizeHostname yes|CanonicalDomains a.example|CanonicalizeFallbackLocal no")]
    [InlineData("other", "CanonicalizeHostname yes|CanonicalizePermittedCNAMEs *")]
    public void An_unknown_name_is_an_error_where_the_name_must_be_known(string alias, string options) =>
        Assert.Contains("the host \"other\" is unknown here", Assert.Throws<ConfigException>(() => Resolve(alias, options)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("CanonicalDomains a..b")]
    [InlineData("CanonicalDomains -a")]
    [InlineData("CanonicalDomains a none")]
    [InlineData("CanonicalizePermittedCNAMEs a")]
    [InlineData("CanonicalizePermittedCNAMEs a:")]
    [InlineData("CanonicalizePermittedCNAMEs none *")]
    [InlineData("CanonicalizeHostname sometimes")]
    [InlineData("CanonicalizeMaxDots -1")]
    public void What_is_wrong_is_an_error(string option) =>
        Assert.StartsWith("command line: Canonical", Assert.Throws<ConfigException>(() => Resolve("h", option)).Message, StringComparison.Ordinal);

    [Fact]
    public void Names_are_asked_for_in_the_order_of_the_domains_and_no_more_than_needed()
    {
        _ = Resolve("db", "CanonicalizeHostname yes|CanonicalDomains c.example b.example a.example");
        Assert.Equal(["db.c.example.", "db.b.example."], _asked);
    }

    [Fact]
    public void What_belongs_to_the_name_is_settled_before_files_are_read_again()
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("config", "Match final\nCanonicalizeHostname yes\nCanonicalizeMaxDots 3\nCanonicalizeFallbackLocal no\nPort 2\n");
        HostConfig config = SshConfig.Resolve("db", [], file);
        Assert.Equal(("db", 2), (config.HostName, config.Port));
        Assert.Superset(
            new HashSet<string> { "canonicalizehostname false", "canonicalizemaxdots 1", "canonicalizefallbacklocal yes" },
            EffectiveConfig.Lines(config).ToHashSet());
    }

    [Fact]
    public void What_follows_from_the_name_follows_from_the_full_one()
    {
        HostConfig config = Resolve("db", "CanonicalizeHostname yes|CanonicalDomains a.example|ControlPath /s/%h/%n|HostKeyAlias %n");
        Assert.Equal("/s/db.a.example/db", config.ControlPath);
    }

    private HostConfig Resolve(string alias, string options) => SshConfig.Resolve(new(alias)
    {
        File = "none",
        Options = [.. options.Split('|').Select(option => ConfigLine.Parse(option, ConfigSource.CommandLine)!)],
        Local = new()
        {
            Name = "joe",
            Id = "1",
            Home = "/nonexistent",
            HostName = "here",
            Variable = _ => null,
            Machine = new() { CanonicalName = Find },
        },
    });

    private string? Find(string name, AddressFamily family)
    {
        _asked.Add(name);
        return Names.GetValueOrDefault(name);
    }
}

using Adit.Relay;

namespace Adit.Tests.Relay;

public sealed class RouteTests
{
    private static readonly Leg App = new("app", "127.0.0.1:63333", LegProtection.None) { Within = "this machine" };

    private static readonly Leg Ssh = new("this machine", "foo.com:22", LegProtection.Ssh) { Verification = "host key verified" };

    [Theory]
    [Trait("Surface", "S1-20")]
    [Trait("Surface", "S4-1")]
    [Trait("Surface", "S4-6")]
    [InlineData("localhost:5432")]
    [InlineData("LOCALHOST:5432")]
    [InlineData("localhost.:5432")]
    [InlineData("db.localhost:5432")]
    [InlineData("127.0.0.1:5432")]
    [InlineData("127.9.9.9:5432")]
    [InlineData("[::1]:5432")]
    [InlineData("[::ffff:127.0.0.1]:5432")]
    [InlineData("0.0.0.0:5432")]
    [InlineData("/run/postgresql/.s.PGSQL.5432")]
    [InlineData("foo.com:5432")]
    [InlineData("FOO.com.:5432")]
    [InlineData("192.0.2.10:5432")]
    [InlineData("[2001:db8::10]:5432")]
    [InlineData("[2001:db8:0:0::10]:5432")]
    public void A_target_on_the_ssh_host_itself_is_not_on_the_wire(string target)
    {
        Machine foo = new("foo.com", "192.0.2.10", "2001:db8::10");
        Route route = new(App, Ssh, Leg.Plain(foo, Endpoint.Parse(target)));

        Assert.False(route.HasPlaintext);
        Assert.Equal(
            $"app → 127.0.0.1:63333 (this machine) → foo.com:22 (ssh, host key verified) → {Endpoint.Parse(target)} (on foo.com)",
            route.ToString());
    }

    [Theory]
    [Trait("Surface", "S1-19")]
    [Trait("Surface", "S4-7")]
    [InlineData("db.foo.com:5432")]
    [InlineData("oo.com:5432")]
    [InlineData("192.0.2.11:5432")]
    [InlineData("128.0.0.1:5432")]
    [InlineData("notlocalhost:5432")]
    [InlineData("localhost.example.com:5432")]
    public void A_target_beyond_the_ssh_host_is_reported_as_plaintext(string target)
    {
        Route route = new(App, Ssh, Leg.Plain(new Machine("foo.com", "192.0.2.10"), Endpoint.Parse(target)));
        Assert.True(route.HasPlaintext);
        Assert.EndsWith($"→ {target} (PLAINTEXT)", route.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_protected_leg_whose_far_end_was_not_verified_says_so()
    {
        Route route = new Route(Ssh with { Verification = null }).Then(new("foo.com", "db:5432", LegProtection.Tls)).After(App);
        Assert.Equal("app → 127.0.0.1:63333 (this machine) → foo.com:22 (ssh, NOT VERIFIED) → db:5432 (tls, NOT VERIFIED)", route.ToString());
        Assert.False(route.HasPlaintext);
    }

    [Fact]
    public void This_machine_owns_the_addresses_of_its_interfaces()
    {
        Machine machine = Machine.This();
        Assert.True(machine.Owns(Endpoint.Parse("[::1]:1")));
        foreach (var network in System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces())
        {
            foreach (var own in network.GetIPProperties().UnicastAddresses)
                Assert.True(machine.Owns(Endpoint.Tcp(own.Address.ToString(), 5432)), own.Address.ToString());
        }
        Assert.False(machine.Owns(Endpoint.Parse("203.0.113.200:5432")));
    }

    [Fact]
    public void A_route_without_legs_is_refused() => Assert.Throws<ArgumentException>(() => new Route());
}

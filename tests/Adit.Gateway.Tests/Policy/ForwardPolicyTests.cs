using System.Net;
using Adit.Gateway.Configuration;
using Adit.Gateway.Policy;
using Adit.OpenSsh;
using Adit.Relay;
using Adit.SshLegs;

namespace Adit.Gateway.Tests.Policy;

/// <summary>What the settings and the options of the key permit together.</summary>
public class ForwardPolicyTests
{
    private static readonly Endpoint Db = Endpoint.Tcp("db", 5432);
    private static readonly Endpoint Socket = Endpoint.Unix("/run/s");

    public static TheoryData<string, string, bool, bool> Switches
    {
        get
        {
            TheoryData<string, string, bool, bool> all = [];
            string[] directions = Enum.GetNames<ForwardDirections>();
            foreach (string tcp in directions)
            {
                foreach (string unix in directions)
                {
                    foreach (bool disabled in (bool[])[false, true])
                    {
                        foreach (bool byKey in (bool[])[false, true])
                            all.Add(tcp, unix, disabled, byKey);
                    }
                }
            }

            return all;
        }
    }

    [Theory]
    [Trait("Surface", "S2-9")]
    [MemberData(nameof(Switches))]
    public void Each_direction_has_its_switch_sockets_another_one_and_the_general_ones_close_all(
        string tcpDirections, string unixDirections, bool disabled, bool byKey)
    {
        (ForwardDirections tcp, ForwardDirections unix) = (Enum.Parse<ForwardDirections>(tcpDirections), Enum.Parse<ForwardDirections>(unixDirections));
        ForwardPolicy policy = new(
            new() { AllowTcpForwarding = tcp, AllowStreamLocalForwarding = unix, DisableForwarding = disabled },
            KeyOptions.None with { PermitPortForwarding = byKey });
        bool open = !disabled && byKey;
        Assert.Equal(open && tcp.HasFlag(ForwardDirections.Local), policy.RefusesOpen(Db) is null);
        Assert.Equal(open && (tcp & unix).HasFlag(ForwardDirections.Local), policy.RefusesOpen(Socket) is null);
        Assert.Equal(open && tcp.HasFlag(ForwardDirections.Remote), policy.RefusesListen(Tcp("localhost", 8080)) is null);
        Assert.Equal(open && (tcp & unix).HasFlag(ForwardDirections.Remote), policy.RefusesListen(Unix("/run/s")) is null);
    }

    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData("", "", true)]
    [InlineData("db:5432", "", true)]
    [InlineData("", "db:5432", true)]
    [InlineData("db:5432", "db:*", true)]
    [InlineData("db:5432", "other:1", false)]
    [InlineData("other:1", "db:5432", false)]
    [InlineData("any", "none", false)]
    [InlineData("none", "any", false)]
    public void PermitOpen_and_the_permitopen_of_the_key_have_to_agree(string setting, string key, bool permitted)
    {
        ForwardPolicy policy = new(new() { PermitOpen = List(setting) }, KeyOptions.None with { PermitOpen = List(key) });
        Assert.Equal(permitted, policy.RefusesOpen(Db) is null);
        Assert.Null(policy.RefusesListen(Tcp("localhost", 8080)));
    }

    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData("", "", true)]
    [InlineData("8080", "localhost:8080", true)]
    [InlineData("localhost:8080", "", true)]
    [InlineData("8081", "", false)]
    [InlineData("", "8081", false)]
    [InlineData("8080", "none", false)]
    public void PermitListen_and_the_permitlisten_of_the_key_have_to_agree(string setting, string key, bool permitted)
    {
        ForwardPolicy policy = new(new() { PermitListen = List(setting) }, KeyOptions.None with { PermitListen = List(key) });
        Assert.Equal(permitted, policy.RefusesListen(Tcp("localhost", 8080)) is null);
        Assert.Null(policy.RefusesOpen(Db));
        Assert.Null(policy.RefusesListen(Unix("/run/s")));
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("*:*", "", true)]
    [InlineData("", "*:*", true)]
    [InlineData("db:5432", "", false)]
    [InlineData("", "db:5432", false)]
    public void A_list_that_names_hosts_closes_sockets(string setting, string key, bool permitted) =>
        Assert.Equal(permitted, new ForwardPolicy(new() { PermitOpen = List(setting) }, KeyOptions.None with { PermitOpen = List(key) }).RefusesOpen(Socket) is null);

    [Theory]
    [InlineData("db:5432", true)]
    [InlineData("!db:* *:*", false)]
    [InlineData("other:1", false)]
    [InlineData("10.0.0.0/8:*", true)]
    public void AditPermitOpen_refuses_a_name_before_it_is_looked_up_where_no_address_could_help(string rules, bool goesOn) =>
        Assert.Equal(goesOn, Opens(rules).RefusesOpen(Db) is null);

    [Fact]
    public void A_literal_is_always_judged_by_its_address()
    {
        ForwardPolicy policy = Opens("!10.0.0.0/8:* *:*");
        Assert.Null(policy.RefusesOpen(Endpoint.Tcp("10.1", 22)));
        Assert.Equal("AditPermitOpen: 10.0.0.1 is forbidden by the rule !10.0.0.0/8:*", policy.RefusesAddress("10.1", IPAddress.Parse("10.1"), 22));
        Assert.Null(policy.RefusesAddress("192.0.2.1", IPAddress.Parse("192.0.2.1"), 22));
    }

    [Fact]
    public void Without_rules_every_address_will_do() =>
        Assert.Null(Opens("").RefusesAddress("db", IPAddress.Loopback, 22));

    [Fact]
    public void AditPermitOpen_and_PermitOpen_have_to_agree()
    {
        ForwardPolicy policy = new(new() { AditPermitOpen = Rules("*:*"), PermitOpen = ["other:1"] }, KeyOptions.None);
        Assert.Equal("PermitOpen does not permit it", policy.RefusesOpen(Db));
    }

    [Theory]
    [InlineData("/run/*", null)]
    [InlineData("*:*", "AditPermitOpen: no rule permits it")]
    [InlineData("!/run/s /run/*", "AditPermitOpen: it is forbidden by the rule !/run/s")]
    public void AditPermitOpen_names_sockets_too(string rules, string? reason) => Assert.Equal(reason, Opens(rules).RefusesOpen(Socket));

    [Theory]
    [InlineData(65536, "65536 is not a port")]
    [InlineData(int.MaxValue, "2147483647 is not a port")]
    [InlineData(1023, "ports below 1024 have to be permitted by name (PermitListen)")]
    [InlineData(1024, null)]
    [InlineData(0, null)]
    public void Only_ports_that_anybody_may_have_are_open_without_a_list(int port, string? reason) =>
        Assert.Equal(reason, new ForwardPolicy(new(), KeyOptions.None).RefusesListen(Tcp("localhost", port)));

    [Fact]
    public void A_list_opens_ports_below_1024()
    {
        Assert.Null(new ForwardPolicy(new() { PermitListen = ["80"] }, KeyOptions.None).RefusesListen(Tcp("localhost", 80)));
        Assert.Null(new ForwardPolicy(new(), KeyOptions.None with { PermitListen = ["80"] }).RefusesListen(Tcp("localhost", 80)));
        Assert.Null(new ForwardPolicy(new() { AditPermitListen = Rules("localhost:80") }, KeyOptions.None).RefusesListen(Tcp("localhost", 80)));
        Assert.NotNull(new ForwardPolicy(new() { PermitListen = ["any"] }, KeyOptions.None).RefusesListen(Tcp("localhost", 80)));
    }

    [Theory]
    [InlineData("relative")]
    [InlineData("@abstract")]
    [InlineData("")]
    public void A_socket_to_listen_at_has_an_absolute_path(string path) =>
        Assert.Equal("the path of a socket begins with /", new ForwardPolicy(new(), KeyOptions.None).RefusesListen(Unix(path)));

    [Theory]
    [InlineData("/run/a/*", "/run/a/s", null)]
    [InlineData("/run/a/*", "/run/b", "AditPermitListen: no rule permits it")]
    [InlineData("/run/a/*", "/run/a/../b", "AditPermitListen: the path has to be written without //, . and ..")]
    public void AditPermitListen_names_sockets_too(string rules, string path, string? reason) =>
        Assert.Equal(reason, new ForwardPolicy(new() { AditPermitListen = Rules(rules) }, KeyOptions.None).RefusesListen(Unix(path)));

    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData(nameof(GatewayPorts.No), "", "localhost:8080")]
    [InlineData(nameof(GatewayPorts.No), "0.0.0.0", "localhost:8080")]
    [InlineData(nameof(GatewayPorts.No), "192.0.2.1", "localhost:8080")]
    [InlineData(nameof(GatewayPorts.No), "127.0.0.1", "127.0.0.1:8080")]
    [InlineData(nameof(GatewayPorts.No), "::1", "[::1]:8080")]
    [InlineData(nameof(GatewayPorts.No), "127.0.0.2", "localhost:8080")]
    [InlineData(nameof(GatewayPorts.Yes), "localhost", "*:8080")]
    [InlineData(nameof(GatewayPorts.Yes), "127.0.0.1", "*:8080")]
    [InlineData(nameof(GatewayPorts.ClientSpecified), "localhost", "localhost:8080")]
    [InlineData(nameof(GatewayPorts.ClientSpecified), "", "*:8080")]
    [InlineData(nameof(GatewayPorts.ClientSpecified), "*", "*:8080")]
    [InlineData(nameof(GatewayPorts.ClientSpecified), "192.0.2.1", "192.0.2.1:8080")]
    public void GatewayPorts_decides_where_is_really_listened(string ports, string asked, string bound) =>
        Assert.Equal(bound, new ForwardPolicy(new() { GatewayPorts = Enum.Parse<GatewayPorts>(ports) }, KeyOptions.None).Binding(Tcp(asked, 8080)).ToString());

    [Fact]
    public void What_is_no_address_cannot_be_bound() =>
        Assert.Throws<FormatException>(() => new ForwardPolicy(new() { GatewayPorts = GatewayPorts.ClientSpecified }, KeyOptions.None).Binding(Tcp("a b", 8080)));

    [Theory]
    [InlineData("127.0.0.0/8:*", "127.0.0.1", null)]
    [InlineData("127.0.0.0/8:*", "0.0.0.0", "AditPermitListen: no rule permits it")]
    [InlineData("", "0.0.0.0", null)]
    public void AditPermitListen_judges_the_address_that_is_really_bound(string rules, string address, string? reason) =>
        Assert.Equal(reason, new ForwardPolicy(new() { AditPermitListen = Rules(rules) }, KeyOptions.None).RefusesBinding(Tcp("localhost", 8080), IPAddress.Parse(address)));

    private static ForwardPolicy Opens(string rules) => new(new() { AditPermitOpen = Rules(rules) }, KeyOptions.None);

    private static System.Collections.Immutable.ImmutableArray<EndpointRule> Rules(string rules) => [.. List(rules).Select(EndpointRule.Parse)];

    private static System.Collections.Immutable.ImmutableArray<string> List(string list) => [.. list.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static ListenRequest Tcp(string address, int port) => new(address, port, null);

    private static ListenRequest Unix(string path) => new("", 0, path);
}

using Adit.Cli.Doctor;

namespace Adit.Cli.Tests.Doctor;

public sealed class ListenerTests : CheckTest
{
    [Theory]
    [InlineData("0.0.0.0", "*:5432")]
    [InlineData("::", "[::]:5432")]
    [InlineData("10.1.2.3", "10.1.2.3:5432")]
    public async Task A_tunnel_that_listens_beyond_loopback_is_found(string address, string shown)
    {
        Machine.Add(500, parent: 1, session: 1, "adit", "adit -N db", sockets: [77]);
        Machine.Listen(address, 5432, 77);

        Assert.Equal([shown], Assert.Single(await FindAsync(new ExposedListeners())).Listening);
    }

    [Fact]
    public async Task Loopback_other_programs_and_gateways_are_no_finding()
    {
        Machine.Add(500, parent: 1, session: 1, "ssh", "ssh -N db", sockets: [77]);
        Machine.Listen("127.0.0.1", 5432, 77);
        Machine.Add(501, parent: 1, session: 1, "postgres", "postgres", sockets: [78]);
        Machine.Listen("0.0.0.0", 5433, 78);
        Machine.Add(502, parent: 1, session: 1, "adit", "adit gateway -f gateway.conf", sockets: [79]);
        Machine.Listen("0.0.0.0", 22, 79);

        Assert.Empty(await FindAsync(new ExposedListeners()));
    }

    [Theory]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("127.0.0.1", "::")]
    [InlineData("::1", "::")]
    public async Task A_listener_of_one_address_beside_one_of_all_by_another_process_is_found(string nearer, string wildcard)
    {
        ListenTwice(nearer, 5432, wildcard, 5432);

        Finding found = Assert.Single(await FindAsync(new ShadowedListeners()));

        Assert.Equal(500, found.Pid);
        Assert.Contains("ssh (process 500)", found.What, StringComparison.Ordinal);
        Assert.Contains("postgres (process 501)", found.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.1.2.3", "::1", 5432)]
    [InlineData("127.0.0.1", "0.0.0.0", 5433)]
    [InlineData("127.0.0.1", "127.0.0.2", 5432)]
    public async Task Listeners_that_do_not_overlap_are_no_finding(string one, string other, int port)
    {
        ListenTwice(one, 5432, other, port);

        Assert.Empty(await FindAsync(new ShadowedListeners()));
    }

    [Theory]
    [InlineData("::1", "0.0.0.0")]
    [InlineData("::1", "127.0.0.1")]
    [InlineData("127.0.0.1", "::1")]
    public async Task A_tunnel_at_one_address_of_localhost_beside_another_program_at_the_other_is_found_once(string ofTunnel, string ofOther)
    {
        ListenTwice(ofTunnel, 5432, ofOther, 5432);

        Assert.StartsWith("localhost leads to", Assert.Single(await FindAsync(new ShadowedListeners())).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_that_make_no_tunnels_may_share_localhost()
    {
        Machine.Add(500, parent: 1, session: 1, "dns", "dns", sockets: [77]);
        Machine.Add(501, parent: 1, session: 1, "other", "other", sockets: [78]);
        Machine.Listen("::1", 53, 77);
        Machine.Listen("127.0.0.1", 53, 78);

        Assert.Empty(await FindAsync(new ShadowedListeners()));
    }

    [Fact]
    public async Task Two_listeners_of_one_program_are_no_finding()
    {
        Machine.Add(500, parent: 1, session: 1, "nginx", "nginx", sockets: [77, 78]);
        Machine.Add(501, parent: 500, session: 1, "nginx", "nginx", sockets: [77, 78]);
        Machine.Listen("127.0.0.1", 80, 77);
        Machine.Listen("0.0.0.0", 80, 78);

        Assert.Empty(await FindAsync(new ShadowedListeners()));
    }

    [Fact]
    public async Task A_shadow_by_a_process_that_may_not_be_seen_is_found_by_its_user()
    {
        Machine.Add(500, parent: 1, session: 1, "ssh", "ssh -N db", sockets: [77]);
        Machine.Listen("127.0.0.1", 5432, 77);
        Machine.Listen("0.0.0.0", 5432, 78, owner: 26);

        Assert.Contains("a process of uid 26", Assert.Single(await FindAsync(new ShadowedListeners())).What, StringComparison.Ordinal);
    }

    // A tunnel at one place, and another program at the other.
    private void ListenTwice(string ofTunnel, int tunnelPort, string ofOther, int otherPort)
    {
        Machine.Add(500, parent: 1, session: 1, "ssh", "ssh -N db", sockets: [77]);
        Machine.Add(501, parent: 1, session: 1, "postgres", "postgres", sockets: [78]);
        Machine.Listen(ofTunnel, tunnelPort, 77);
        Machine.Listen(ofOther, otherPort, 78);
    }
}

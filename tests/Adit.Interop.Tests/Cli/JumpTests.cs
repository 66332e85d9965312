using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>-J and ProxyJump: servers on the way.</summary>
public sealed class JumpTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const string Accepted = "Accepted publickey";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task J_goes_over_each_hop_in_its_turn(int hops)
    {
        using var chain = await StartAsync(hops);
        await using var sink = TcpService.Checksum();

        var (adit, port) = await OpenAsync(chain, sink.Port, "-J", string.Join(',', chain.Hops));

        await Bulk.SendAsync(port, 4_000_000).WithinAsync("the transfer should end", () => adit.Log);
        string[] way = [.. chain.Hops, SshClientFiles.Alias];
        foreach (var (hop, next) in way.Zip(way.Skip(1)))
            await chain[hop].LoggedAsync($"target 127.0.0.1 port {chain[next].Port}");
        Assert.All(way, name => Assert.Equal(1, chain[name].Messages.Count(Accepted)));
    }

    [AditTheory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task All_hops_are_inside_the_process_and_only_the_first_is_connected_to(int hops)
    {
        using var chain = await StartAsync(hops);

        var (adit, _) = await OpenAsync(chain, 9, "-J", string.Join(',', chain.Hops));

        Assert.Empty(ProcessTree.Descendants(adit.Pid));
        Assert.Equal([chain["hop1"].Port], LoopbackPort.ConnectionsOf(adit.Pid).Select(static far => far.Port));
    }

    [Fact]
    public async Task ProxyJump_in_the_configuration_is_J()
    {
        using var chain = await StartAsync(2);
        chain.Configure("peer:ProxyJump hop1,hop2");
        await using var echo = TcpService.Echo();

        var (_, port) = await OpenAsync(chain, echo.Port);

        await Bulk.EchoAsync(port);
        Assert.Equal(1, chain["hop2"].Messages.Count(Accepted));
    }

    [Fact]
    public async Task Each_hop_has_its_own_way_in_the_configuration()
    {
        using var chain = await StartAsync(2);
        chain.Configure("peer:ProxyJump hop2", "hop2:ProxyJump hop1");
        await using var echo = TcpService.Echo();

        var (_, port) = await OpenAsync(chain, echo.Port);

        await Bulk.EchoAsync(port);
        Assert.Equal(1, chain["hop1"].Messages.Count(Accepted));
    }

    [Theory]
    [InlineData("-oProxyJump=none")]
    [InlineData("-Jnone")]
    public async Task None_goes_straight_whatever_the_configuration_says(string option)
    {
        using var chain = await StartAsync(1);
        chain.Configure("peer:ProxyJump hop1");
        await using var echo = TcpService.Echo();

        var (_, port) = await OpenAsync(chain, echo.Port, option);

        await Bulk.EchoAsync(port);
        Assert.False(chain["hop1"].Messages.Contains("Connection from"));
    }

    [Theory]
    [InlineData("{user}@hop1:{port}")]
    [InlineData("ssh://{user}@hop1:{port}")]
    [InlineData("ssh://{user}@hop1:{port}/")]
    public async Task User_and_port_of_a_hop_may_stand_with_its_name(string hop)
    {
        using var chain = await StartAsync(1);
        chain.Configure("hop1:Port 1", "hop1:User nobody-here");
        await using var echo = TcpService.Echo();
        var way = hop.Replace("{user}", TestUser.Name, StringComparison.Ordinal).Replace("{port}", $"{chain["hop1"].Port}", StringComparison.Ordinal);

        var (_, port) = await OpenAsync(chain, echo.Port, "-J", way);

        await Bulk.EchoAsync(port);
    }

    [Fact]
    public async Task Options_of_the_command_are_the_destinations_and_the_configuration_is_each_hops_own()
    {
        using var chain = await StartAsync(1);
        chain.Configure("hop1:Ciphers aes192-ctr");

        await OpenAsync(chain, 9, "-J", "hop1", "-o", "Ciphers=aes256-gcm@openssh.com", "-p", $"{chain["peer"].Port}", "-l", TestUser.Name);

        await chain["hop1"].LoggedAsync("kex: client->server cipher: aes192-ctr ");
        await chain["peer"].LoggedAsync("kex: client->server cipher: aes256-gcm@openssh.com ");
    }

    [Fact]
    public async Task A_command_runs_behind_a_hop_and_its_code_comes_back()
    {
        using var chain = await StartAsync(1);
        chain.Configure("peer:LogLevel ERROR", "hop1:LogLevel ERROR");

        var adit = await StartAditAsync("-F", chain.ConfigPath, "-J", "hop1", SshClientFiles.Alias, "cat; exit 7");
        await adit.Input.WriteAsync("deep inside");
        adit.Input.Close();

        Assert.Equal(7, await adit.ExitAsync());
        Assert.Equal("deep inside", adit.Output.Text);
    }

    // In both of these ssh starts itself again and again.
    [AditFact]
    public async Task A_jump_to_itself_is_fatal()
    {
        using var chain = await StartAsync(0);
        chain.Configure("peer:ProxyJump peer");

        var adit = await FailAsync(chain);

        Assert.Contains(SshClientFiles.Alias, adit.Error.Text, StringComparison.Ordinal);
        Assert.False(chain["peer"].Messages.Contains("Connection from"));
    }

    [AditFact]
    public async Task Jumps_in_a_circle_are_fatal()
    {
        using var chain = await StartAsync(2);
        chain.Configure("peer:ProxyJump hop1", "hop1:ProxyJump hop2", "hop2:ProxyJump hop1");

        var adit = await FailAsync(chain);

        Assert.Contains("hop1", adit.Error.Text, StringComparison.Ordinal);
        Assert.False(chain["hop2"].Messages.Contains("Connection from"));
    }

    [Theory]
    [InlineData("hop1")]
    [InlineData("hop2")]
    public async Task A_host_key_of_a_hop_that_is_not_known_ends_it_and_names_the_hop(string unknown)
    {
        using var chain = await StartAsync(2);
        chain.Know(name => name != unknown);

        var adit = await FailAsync(chain, "-J", "hop1,hop2");

        Assert.Matches("(?i)host key", adit.Error.Text);
        Assert.Contains($"[127.0.0.1]:{chain[unknown].Port}", adit.Error.Text, StringComparison.Ordinal);
        Assert.False(chain[unknown].Messages.Contains(Accepted));
        Assert.False(chain["peer"].Messages.Contains("Connection from"));
    }

    [AditTheory]
    [InlineData("hop1")]
    [InlineData("hop2")]
    public async Task A_hop_that_does_not_let_us_in_is_named(string closed)
    {
        using var chain = await StartAsync(2);
        chain.Configure($"{closed}:User nobody-here");

        var adit = await FailAsync(chain, "-J", "hop1,hop2");

        Assert.Contains(closed, adit.Error.Text, StringComparison.Ordinal);
        Assert.Matches("(?i)permission denied|authentication|denied", adit.Error.Text);
    }

    [Fact]
    public async Task A_hop_that_cannot_be_reached_ends_it()
    {
        using var chain = await StartAsync(2);
        var port = LoopbackPort.Free();
        chain.Configure($"hop2:Port {port}");

        var adit = await FailAsync(chain, "-J", "hop1,hop2");

        Assert.Matches("(?i)refused", adit.Error.Text);
    }

    [Theory]
    [InlineData("hop1")]
    [InlineData("hop2")]
    public async Task The_end_of_a_hop_is_the_end_of_the_connection(string killed)
    {
        using var chain = await StartAsync(2);
        await using var echo = TcpService.Echo();
        var (adit, port) = await OpenAsync(chain, echo.Port, ["-J", "hop1,hop2", .. AditProcess.WithoutReconnect]);
        await Bulk.EchoAsync(port);

        chain[killed].KillConnections();

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
    }

    [AditTheory]
    [InlineData("hop1")]
    [InlineData("hop2")]
    [InlineData("peer")]
    public async Task A_connection_that_is_cut_anywhere_on_the_way_is_made_again(string killed)
    {
        using var chain = await StartAsync(2);
        await using var echo = TcpService.Echo();
        var (adit, port) = await OpenAsync(chain, echo.Port, "-J", "hop1,hop2");

        chain[killed].KillConnections();

        await adit.ErrorAsync("connected to peer again");
        await Bulk.EchoAsync(port);
        Assert.Equal(2, chain["peer"].Messages.Count(Accepted));
        await Patience.UntilAsync(() => chain.Hops.All(hop => chain[hop].Connections == 1), "what is left of the old way should end", () => chain["hop1"].Log);
        Assert.Equal([chain["hop1"].Port], LoopbackPort.ConnectionsOf(adit.Pid).Select(static far => far.Port));
    }

    private Task<JumpChain> StartAsync(int hops) => JumpChain.StartAsync(hops, StartSshdAsync);

    private async Task<(ChildProcess Adit, int Port)> OpenAsync(JumpChain chain, int target, params IReadOnlyList<string> options)
    {
        var port = LoopbackPort.Free();
        var adit = await StartAditAsync(["-F", chain.ConfigPath, .. options, "-N", "-L", $"{port}:127.0.0.1:{target}", SshClientFiles.Alias]);
        await LoopbackPort.UntilListeningAsync(port, adit);
        return (adit, port);
    }

    private async Task<ChildProcess> FailAsync(JumpChain chain, params IReadOnlyList<string> options)
    {
        var adit = await StartAditAsync(["-F", chain.ConfigPath, .. options, "-N", SshClientFiles.Alias]);
        adit.Input.Close();
        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        return adit;
    }
}

using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Which rules let -L through, and which do not.</summary>
[Trait("Surface", "S2-15")]
[Trait("Surface", "S2-16")]
[Trait("Surface", "S2-19")]
[Trait("Surface", "S1-21")]
public sealed class OpenPolicyTests(ITestOutputHelper output) : PolicyTest(output)
{
    private const string Tcp = "127.0.0.1:{echo}";
    private const string Unix = "{socket}";
    private const string Prohibited = "administratively prohibited";
    private const string Failed = "connect failed";

    [Theory]
    [InlineData("S2-15", "", "", Tcp)]
    [InlineData("S2-15", "AllowTcpForwarding yes", "", Tcp)]
    [InlineData("S2-15", "AllowTcpForwarding all", "", Tcp)]
    [InlineData("S2-15", "AllowTcpForwarding local", "", Tcp)]
    [InlineData("S2-16", "AllowStreamLocalForwarding yes", "", Unix)]
    [InlineData("S2-16", "AllowStreamLocalForwarding all", "", Unix)]
    [InlineData("S2-16", "AllowStreamLocalForwarding local", "", Unix)]
    [InlineData("S2-16", "AllowStreamLocalForwarding no", "", Tcp)]
    [InlineData("sshd", "DisableForwarding no", "", Tcp)]
    [InlineData("sshd", "ForceCommand false", "", Tcp)]
    [InlineData("sshd", "MaxSessions 0", "", Tcp)]
    [InlineData("sshd", "PermitTTY no\nX11Forwarding no\nAllowAgentForwarding no\nPermitTunnel no", "", Tcp)]
    // Hosts and ports are compared as they are written.
    [InlineData("sshd", "PermitOpen any", "", Tcp)]
    [InlineData("sshd", "PermitOpen any", "", Unix)]
    [InlineData("sshd", "PermitOpen 127.0.0.1:{echo}", "", Tcp)]
    [InlineData("sshd", "PermitOpen 127.0.0.1:*", "", Tcp)]
    [InlineData("sshd", "PermitOpen *:{echo}", "", Tcp)]
    [InlineData("sshd", "PermitOpen *:*", "", Unix)]
    [InlineData("sshd", "PermitOpen db:5432 127.0.0.1:{echo}", "", Tcp)]
    [InlineData("sshd", "PermitOpen localhost:{echo}", "", "localhost:{echo}")]
    [InlineData("sshd", "PermitOpen [::ffff:127.0.0.1]:{echo}", "", "[::ffff:127.0.0.1]:{echo}")]
    [InlineData("sshd", "PermitListen none", "", Tcp)]
    [InlineData("S1-21", "", "permitopen=\"127.0.0.1:{echo}\"", Tcp)]
    [InlineData("S1-21", "", "permitopen=\"127.0.0.1:*\"", Tcp)]
    [InlineData("S1-21", "", "permitopen=\"db:5432\",permitopen=\"127.0.0.1:{echo}\"", Tcp)]
    [InlineData("S1-21", "", "PermitOpen=\"127.0.0.1:{echo}\"", Tcp)]
    [InlineData("S1-21", "", "permitlisten=\"1\"", Tcp)]
    [InlineData("S1-21", "", "restrict,port-forwarding", Tcp)]
    [InlineData("S1-21", "", "restrict,port-forwarding", Unix)]
    [InlineData("S1-21", "", "restrict,port-forwarding,permitopen=\"127.0.0.1:{echo}\"", Tcp)]
    [InlineData("S1-21", "", "no-pty,no-agent-forwarding,no-X11-forwarding,no-user-rc,command=\"false\"", Tcp)]
    [InlineData("S1-21", "PermitOpen 127.0.0.1:*", "permitopen=\"127.0.0.1:{echo}\"", Tcp)]
    [InlineData("S1-21", "PermitOpen *:{echo} db:5432", "permitopen=\"127.0.0.1:*\"", Tcp)]
    // The first value that holds for a connection counts.
    [InlineData("sshd", "AllowTcpForwarding no\nMatch User {user}\nAllowTcpForwarding yes", "", Tcp)]
    [InlineData("sshd", "AllowTcpForwarding no\nMatch User some*,{user}\nAllowTcpForwarding local", "", Tcp)]
    [InlineData("sshd", "Match User somebody-else\nAllowTcpForwarding no", "", Tcp)]
    [InlineData("sshd", "Match User *,!{user}\nAllowTcpForwarding no", "", Tcp)]
    [InlineData("sshd", "Match Address 10.0.0.0/8\nDisableForwarding yes", "", Tcp)]
    [InlineData("sshd", "Match User {user} Address 10.0.0.0/8\nDisableForwarding yes", "", Tcp)]
    [InlineData("sshd", "Match User {user}\nAllowTcpForwarding yes\nMatch Address 127.0.0.1\nAllowTcpForwarding no", "", Tcp)]
    [InlineData("sshd", "PermitOpen none\nMatch Address 127.0.0.0/8\nPermitOpen 127.0.0.1:{echo}", "", Tcp)]
    public async Task Is_allowed(string requirement, string config, string keyOptions, string target)
    {
        var (_, client, port) = await StartAsync(requirement, config, keyOptions, target);

        await Bulk.EchoAsync(port).WithinAsync("the target should be reached", () => client.Log);
    }

    [Theory]
    [InlineData("S2-15", "AllowTcpForwarding no", "", Tcp, Prohibited, "AllowTcpForwarding")]
    [InlineData("S2-15", "AllowTcpForwarding remote", "", Tcp, Prohibited, "AllowTcpForwarding")]
    [InlineData("S2-15", "AllowTcpForwarding no\nPermitOpen any", "port-forwarding", Tcp, Prohibited, "AllowTcpForwarding")]
    // In sshd it goes for sockets as well.
    [InlineData("sshd", "AllowTcpForwarding no", "", Unix, Failed, "AllowTcpForwarding")]
    [InlineData("sshd", "AllowTcpForwarding remote", "", Unix, Failed, "AllowTcpForwarding")]
    [InlineData("S2-16", "AllowStreamLocalForwarding no", "", Unix, Failed, "AllowStreamLocalForwarding")]
    [InlineData("S2-16", "AllowStreamLocalForwarding remote", "", Unix, Failed, "AllowStreamLocalForwarding")]
    [InlineData("sshd", "DisableForwarding yes", "", Tcp, Prohibited, "DisableForwarding")]
    [InlineData("sshd", "DisableForwarding yes\nAllowTcpForwarding yes\nAllowStreamLocalForwarding yes", "", Unix, Failed, "DisableForwarding")]
    [InlineData("sshd", "PermitOpen none", "", Tcp, Prohibited, "PermitOpen")]
    [InlineData("sshd", "PermitOpen 127.0.0.1:1", "", Tcp, Prohibited, "PermitOpen")]
    [InlineData("sshd", "PermitOpen localhost:{echo}", "", Tcp, Prohibited, "PermitOpen")]
    [InlineData("sshd", "PermitOpen localhost:{echo}", "", "LOCALHOST:{echo}", Prohibited, "PermitOpen")]
    [InlineData("sshd", "PermitOpen 127.0.0.*:{echo}", "", Tcp, Prohibited, "PermitOpen")]
    [InlineData("sshd", "PermitOpen 127.0.0.1:{echo}", "", "127.1:{echo}", Prohibited, "PermitOpen")]
    // No entry can name a path.
    [InlineData("sshd", "PermitOpen 127.0.0.1:{echo}", "", Unix, Failed, "PermitOpen")]
    [InlineData("sshd", "PermitOpen none", "", Unix, Failed, "PermitOpen")]
    [InlineData("S1-21", "", "permitopen=\"127.0.0.1:1\"", Tcp, Prohibited, "permitopen")]
    [InlineData("S1-21", "", "permitopen=\"localhost:{echo}\"", Tcp, Prohibited, "permitopen")]
    [InlineData("S1-21", "", "permitopen=\"127.0.0.1:{echo}\"", Unix, Failed, "permitopen")]
    [InlineData("S1-21", "PermitOpen 127.0.0.1:1", "permitopen=\"127.0.0.1:*\"", Tcp, Prohibited, "PermitOpen")]
    [InlineData("S1-21", "PermitOpen 127.0.0.1:*", "permitopen=\"127.0.0.1:1\"", Tcp, Prohibited, "permitopen")]
    [InlineData("S1-21", "PermitOpen none", "permitopen=\"127.0.0.1:{echo}\"", Tcp, Prohibited, "PermitOpen")]
    [InlineData("S1-21", "", "no-port-forwarding", Tcp, Prohibited, "port-forwarding")]
    [InlineData("S1-21", "", "no-port-forwarding", Unix, Failed, "port-forwarding")]
    [InlineData("S1-21", "", "restrict", Tcp, Prohibited, "restrict|port-forwarding")]
    [InlineData("S1-21", "", "restrict", Unix, Failed, "restrict|port-forwarding")]
    [InlineData("S1-21", "", "restrict,permitopen=\"127.0.0.1:{echo}\"", Tcp, Prohibited, "restrict|port-forwarding")]
    [InlineData("S1-21", "", "RESTRICT,pty", Tcp, Prohibited, "restrict|port-forwarding")]
    [InlineData("sshd", "Match User {user}\nAllowTcpForwarding no", "", Tcp, Prohibited, "AllowTcpForwarding")]
    [InlineData("sshd", "Match Address 127.0.0.0/8,::1\nAllowTcpForwarding no", "", Tcp, Prohibited, "AllowTcpForwarding")]
    [InlineData("sshd", "Match LocalAddress 127.0.0.1\nDisableForwarding yes", "", Tcp, Prohibited, "DisableForwarding")]
    [InlineData("sshd", "Match all\nPermitOpen none", "", Tcp, Prohibited, "PermitOpen")]
    [InlineData("sshd", "Match User {user} Address 127.0.0.1\nPermitOpen 127.0.0.1:1", "", Tcp, Prohibited, "PermitOpen")]
    [InlineData("sshd", "Match User {user}\nAllowTcpForwarding no\nMatch Address 127.0.0.1\nAllowTcpForwarding yes", "", Tcp, Prohibited, "AllowTcpForwarding")]
    public async Task Is_refused(string requirement, string config, string keyOptions, string target, string reason, string word)
    {
        var (server, client, port) = await StartAsync(requirement, config, keyOptions, target);

        await AssertRefusedAsync(port, () => client.Log);

        // sshd reports a refused socket as one that could not be reached; the gateway says what it is.
        await client.ErrorAsync($"open failed: {(ServerPeer.IsGateway ? Prohibited : reason)}");
        Assert.False(client.HasExited, client.Log);
        await AssertLoggedAsync(server, word);
    }

    [Theory]
    [InlineData("S2-15", "AllowTcpForwarding no")]
    [InlineData("sshd", "PermitOpen 127.0.0.1:1")]
    public async Task Stdio_is_refused_too(string requirement, string config)
    {
        await using var echo = TcpService.Echo();
        var server = await StartServerAsync(new PolicyRow(requirement, config, ""));

        var client = await StartSshAsync(server, "-W", $"127.0.0.1:{echo.Port}");

        await client.ErrorAsync("open failed: administratively prohibited");
        await client.ErrorAsync("stdio forwarding failed");
        Assert.Equal(ConnectionFailed, await client.ExitAsync());
    }

    private async Task<(ServerPeer Server, ChildProcess Client, int Port)> StartAsync(string requirement, string config, string keyOptions, string target)
    {
        var socket = Path.Combine(RunFolder.Create("target"), "socket");
        var echo = Own(TcpService.Echo());
        Own(TcpService.Echo(socket));
        var row = new PolicyRow(requirement, config, keyOptions) { Values = [("echo", echo.Port), ("socket", socket)] };
        var server = await StartServerAsync(row);
        var port = LoopbackPort.Free();
        var client = await StartSshAsync(server, "-N", "-L", $"{port}:{row.Fill(target)}");
        await LoopbackPort.UntilListeningAsync(port, client);
        return (server, client, port);
    }
}

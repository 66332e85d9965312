using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>AddKeysToAgent, with the real ssh-agent.</summary>
[Trait("Surface", "S1-10")]
public sealed class AgentAdditionTests(ITestOutputHelper output) : TunnelTest(output)
{
    private const string Passphrase = "below ground";

    [Theory]
    [InlineData("yes")]
    [InlineData("confirm")]
    [InlineData("1h")]
    [InlineData("confirm 1h")]
    public async Task An_encrypted_key_that_logged_in_is_in_the_agent_afterwards(string value)
    {
        var (agent, adit, key) = await LogInAsync(value, Passphrase);
        await adit.ErrorAsync("added the key ");
        Assert.Equal([key.PublicLine], await HeldAsync(agent));
    }

    [Fact]
    public async Task The_next_login_is_by_the_agent_without_the_passphrase()
    {
        var (agent, first, key) = await LogInAsync("yes", Passphrase);
        await first.ErrorAsync("added the key ");
        await first.DisposeAsync();
        await using var echo = TcpService.Echo();
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityAgent {agent.SocketPath}", $"IdentityFile {key.PrivatePath}", "BatchMode yes");

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);
    }

    [Theory]
    [InlineData("no", "yes")]
    [InlineData("ask", "no")]
    [InlineData("ask", "yes")]
    public async Task The_user_decides_with_ask(string value, string answer)
    {
        var (agent, adit, key) = await LogInAsync(value, Passphrase, answer);
        if (value == "ask")
            await adit.ErrorAsync(answer == "yes" ? "added the key " : "the user did not agree");
        Assert.Equal(value == "ask" && answer == "yes" ? [key.PublicLine] : [], await HeldAsync(agent));
    }

    [Fact]
    public async Task A_certificate_that_logged_in_is_added_with_its_key()
    {
        var authority = await KeyPair.GetAsync("ed25519", "authority");
        var key = await KeyPair.GetAsync("ed25519", "certified-addition");
        await ChildProcess.RunAsync(new("ssh-keygen", "-q", "-s", authority.PrivatePath, "-I", "test", "-n", TestUser.Name, key.PrivatePath + ".pub"));
        var agent = await StartAgentAsync();
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [$"cert-authority {authority.PublicLine}"] });
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityAgent {agent.SocketPath}", "AddKeysToAgent yes");

        var tunnel = await OpenTunnelAsync(files, 9, "-v", "-i", key.PrivatePath);

        await tunnel.Adit.ErrorAsync("added the key ");
        Assert.Equal(["ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"], (await HeldAsync(agent)).Select(static line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task A_key_that_the_server_did_not_take_is_not_added()
    {
        var agent = await StartAgentAsync();
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [] });
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityAgent {agent.SocketPath}", "AddKeysToAgent yes");

        await FailToOpenAsync(files);

        Assert.Empty(await HeldAsync(agent));
    }

    [Fact]
    public async Task An_agent_that_is_not_there_keeps_nobody_from_the_login()
    {
        var sshd = await StartSshdAsync();
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, "IdentityAgent /nonexistent/agent", "AddKeysToAgent yes");

        var tunnel = await OpenTunnelAsync(files, echo.Port, "-v");

        await Bulk.EchoAsync(tunnel.Port);
        Assert.Contains("could not be added to the agent", tunnel.Adit.Error.Text, StringComparison.Ordinal);
    }

    private async Task<(SshAgentPeer Agent, ChildProcess Adit, KeyPair Key)> LogInAsync(string value, string passphrase, string answer = "no")
    {
        var key = await KeyPair.GetAsync("ed25519", "added", passphrase);
        var agent = await StartAgentAsync();
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityAgent {agent.SocketPath}", $"AddKeysToAgent {value}");
        var port = LoopbackPort.Free();
        var environment = files.Answer(passphrase);
        await File.WriteAllTextAsync(
            environment["SSH_ASKPASS"]!, $"#!/bin/sh\ncase \"$1\" in 'Add key '*' to the agent? '*) echo {answer};; *) echo '{passphrase}';; esac\n");
        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, "127.0.0.1:9", "-v", "-i", key.PrivatePath)) { Environment = environment });
        await LoopbackPort.UntilListeningAsync(port, adit);
        return (agent, adit, key);
    }

    // Type and base64 of each, as the agent lists them; ssh-add says with 1 that there is none.
    private static async Task<string[]> HeldAsync(SshAgentPeer agent)
    {
        await using var list = await ChildProcess.StartAsync(new("ssh-add", "-L")
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SSH_AUTH_SOCK"] = agent.SocketPath },
        });
        return await list.ExitAsync() == 1
            ? []
            : [.. list.Output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => string.Join(' ', line.Split(' ')[..2]))];
    }
}

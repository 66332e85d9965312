using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

[Trait("Surface", "S1-10")]
public sealed class AuthenticationTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Theory]
    [InlineData("ed25519", "ED25519")]
    [InlineData("ecdsa-256", "ECDSA")]
    [InlineData("ecdsa-384", "ECDSA")]
    [InlineData("ecdsa-521", "ECDSA")]
    [InlineData("rsa-2048", "RSA")]
    public async Task Every_kind_of_key_logs_in(string type, string logged)
    {
        var key = await KeyPair.GetAsync(type, "login");
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd);

        var tunnel = await OpenTunnelAsync(files, echo.Port, "-i", key.PrivatePath);

        await Bulk.EchoAsync(tunnel.Port);
        await sshd.LoggedAsync($"Accepted publickey for {TestUser.Name} .*({logged})");
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa-256")]
    [InlineData("rsa-2048")]
    public async Task A_key_of_the_agent_logs_in(string type)
    {
        var key = await KeyPair.GetAsync(type, "agent-login");
        var agent = await StartAgentAsync(key);
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        await using var echo = TcpService.Echo();
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityAgent {agent.SocketPath}", "IdentitiesOnly no");

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_know_ends_with_255_and_the_methods_left()
    {
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [] });
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await FailToOpenAsync(files);

        Assert.Matches("(?i)permission denied.*publickey", adit.Error.Text);
    }

    [Fact]
    public async Task An_encrypted_key_logs_in_with_the_passphrase_of_the_askpass_program()
    {
        var key = await KeyPair.GetAsync("ed25519", "encrypted", "below ground");
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, "127.0.0.1:9", "-i", key.PrivatePath))
        {
            Environment = files.Answer("below ground"),
        });

        await LoopbackPort.UntilListeningAsync(port, adit);
    }

    [Fact]
    public async Task An_encrypted_key_logs_in_with_the_passphrase_typed_on_the_terminal_and_not_shown_there()
    {
        var key = await KeyPair.GetAsync("ed25519", "encrypted", "below ground");
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();
        var adit = await StartAditOnTerminalAsync(Arguments(files, port, "127.0.0.1:9", "-i", key.PrivatePath));
        await adit.OutputAsync("(?i)passphrase.*encrypted");

        await adit.Input.WriteLineAsync("below ground");
        await adit.Input.FlushAsync();

        await LoopbackPort.UntilListeningAsync(port, adit);
        Assert.DoesNotContain("below ground", adit.Output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_passphrase_ends_with_255()
    {
        var key = await KeyPair.GetAsync("ed25519", "encrypted", "below ground");
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, LoopbackPort.Free(), "127.0.0.1:9", "-i", key.PrivatePath))
        {
            Environment = files.Answer("in the clouds"),
        });

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)passphrase|permission denied", adit.Error.Text);
    }

    [Fact]
    public async Task A_batch_does_not_ask_for_a_passphrase()
    {
        var key = await KeyPair.GetAsync("ed25519", "encrypted", "below ground");
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, LoopbackPort.Free(), "127.0.0.1:9", "-i", key.PrivatePath, "-o", "BatchMode=yes"))
        {
            Environment = files.Answer("below ground"),
        });

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)permission denied", adit.Error.Text);
    }

    [RootFact]
    public async Task A_password_logs_in()
    {
        await using var user = await PasswordUser.CreateAsync();
        var sshd = await StartSshdAsync(new() { Config = ["PasswordAuthentication yes"], AuthorizedKeys = [] });
        using var files = await SshClientFiles.CreateAsync(sshd);
        var port = LoopbackPort.Free();

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, port, "127.0.0.1:9", "-l", user.Name))
        {
            Environment = files.Answer(user.Password),
        });

        await LoopbackPort.UntilListeningAsync(port, adit);
        await sshd.LoggedAsync($"Accepted password for {user.Name} ");
        await adit.DisposeAsync();
        await sshd.UntilNoConnectionAsync();
    }

    [RootFact]
    public async Task A_wrong_password_ends_with_255_after_the_number_of_prompts()
    {
        await using var user = await PasswordUser.CreateAsync();
        var sshd = await StartSshdAsync(new() { Config = ["PasswordAuthentication yes"], AuthorizedKeys = [] });
        using var files = await SshClientFiles.CreateAsync(sshd);

        var adit = await StartAditAsync(new ChildProcessStart("", Arguments(files, LoopbackPort.Free(), "127.0.0.1:9", "-l", user.Name, "-o", "NumberOfPasswordPrompts=2"))
        {
            Environment = files.Answer("not that one"),
        });

        Assert.Equal(ConnectionFailed, await adit.ExitAsync());
        Assert.Matches("(?i)permission denied", adit.Error.Text);
        Assert.Equal(2, sshd.Messages.Count($"Failed password for {user.Name} "));
        await sshd.UntilNoConnectionAsync();
    }
}

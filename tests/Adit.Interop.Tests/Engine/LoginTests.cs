using System.Text;
using Adit.Interop.Tests.Peers;
using Adit.Ssh;
using Adit.Ssh.Auth;
using Adit.Ssh.Connection;
using Adit.Ssh.Kex;
using Adit.Ssh.Keys;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Engine;

[Trait("Surface", "S1-10")]
public sealed class LoginTests(ITestOutputHelper output) : EngineTest(output)
{
    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa-256")]
    [InlineData("ecdsa-384")]
    [InlineData("ecdsa-521")]
    [InlineData("rsa-2048")]
    public async Task Every_kind_of_key_logs_in(string type)
    {
        var key = await KeyPair.GetAsync(type, "login");
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        var signer = await PrivateKeyAsync(key);

        await ConnectAsync(sshd, options => options with { Authentication = [new PublicKeyMethod([signer])] });

        await sshd.LoggedAsync($"Accepted publickey for {TestUser.Name} .*{key.Fingerprint.Replace("+", "\\+", StringComparison.Ordinal)}");
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa-521")]
    [InlineData("rsa-2048")]
    public async Task A_key_of_the_agent_logs_in(string type)
    {
        var key = await KeyPair.GetAsync(type, "agent-login");
        var peer = await StartAgentAsync(key);
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [key.PublicLine] });
        await using var agent = await SshAgent.ConnectAsync(peer.SocketPath);
        var keys = await agent.ListAsync();

        await ConnectAsync(sshd, options => options with { Authentication = [new PublicKeyMethod(keys)] });
    }

    [Fact]
    public async Task The_second_key_logs_in_when_the_first_is_unknown()
    {
        var sshd = await StartSshdAsync();
        var unknown = await PrivateKeyAsync(await KeyPair.GetAsync("ecdsa-256", "unknown"));
        var known = await PrivateKeyAsync(await SshClientFiles.UserKeyAsync());

        await ConnectAsync(sshd, options => options with { Authentication = [new PublicKeyMethod([unknown, known])] });
    }

    [Fact]
    public async Task No_key_that_the_server_takes_is_a_failed_login_with_what_was_tried_and_what_is_left()
    {
        var sshd = await StartSshdAsync(new() { AuthorizedKeys = [] });

        var exception = await Assert.ThrowsAsync<SshAuthException>(() => ConnectAsync(sshd));

        Assert.NotEmpty(exception.Tried);
        Assert.Equal(["publickey"], exception.ServerMethods);
    }

    [Fact]
    public async Task A_host_key_that_is_not_accepted_ends_before_the_login()
    {
        var sshd = await StartSshdAsync();

        await Assert.ThrowsAsync<SshHostKeyException>(() => ConnectAsync(sshd, static options => options with
        {
            VerifyHostKey = static (key, _) => throw new SshHostKeyException("not this one", key),
        }));

        await sshd.UntilNoConnectionAsync();
        Assert.False(sshd.Messages.Contains("userauth-request"));
    }

    [RootFact]
    public async Task A_password_logs_in_after_a_wrong_one()
    {
        await using var user = await PasswordUser.CreateAsync();
        var sshd = await StartSshdAsync(new() { Config = ["PasswordAuthentication yes"] });

        var connection = await ConnectAsync(sshd, options => options with
        {
            User = user.Name,
            Authentication = [new PasswordMethod((attempt, _) => ValueTask.FromResult<byte[]?>(Encoding.UTF8.GetBytes(attempt == 0 ? "wrong" : user.Password)))],
        });

        await sshd.LoggedAsync($"Failed password for {user.Name} ");
        await sshd.LoggedAsync($"Accepted password for {user.Name} ");
        await connection.DisposeAsync();
        await sshd.UntilNoConnectionAsync();
    }

    [Fact]
    public async Task A_banner_is_handed_over()
    {
        var folder = RunFolder.Create("banner");
        var banner = Path.Combine(folder, "banner");
        await File.WriteAllTextAsync(banner, "welcome below\n");
        var sshd = await StartSshdAsync(new() { Config = [$"Banner {banner}"] });
        List<string> shown = [];

        await ConnectAsync(sshd, options => options with { OnBanner = shown.Add });

        Assert.Equal(["welcome below\n"], shown);
        RunFolder.Remove(folder);
    }
}

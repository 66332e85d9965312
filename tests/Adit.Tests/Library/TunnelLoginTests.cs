using Adit.OpenSsh;
using Adit.Relay;
using Adit.Tests.Shared;

namespace Adit.Tests.Library;

public sealed class TunnelLoginTests : LibraryTest
{
    [Fact]
    public async Task AServer_that_is_not_there_is_a_host_that_cannot_be_reached()
    {
        SshTunnelOptions options = Server.Options;
        await Server.DisposeAsync();
        HostUnreachableException e = await Assert.ThrowsAsync<HostUnreachableException>(() => SshTunnel.OpenAsync(Host, options).TestTime());
        Assert.Equal(DialFailure.Refused, e.Failure);
        Assert.IsAssignableFrom<AditException>(e);
    }

    [Fact]
    public async Task A_host_key_that_is_not_known_is_refused_where_nobody_is_asked()
    {
        await File.WriteAllTextAsync(Server.KnownHosts, string.Empty);
        HostKeyRefusedException e = await Assert.ThrowsAsync<HostKeyRefusedException>(
            () => SshTunnel.OpenAsync(Host, Server.Options with { Prompt = null }).TestTime());
        Assert.Equal(Server.Fingerprint, e.Fingerprint);
    }

    [Fact]
    public async Task A_host_key_that_the_callback_accepts_by_its_fingerprint_is_remembered()
    {
        await File.WriteAllTextAsync(Server.KnownHosts, string.Empty);
        SshTunnelOptions options = Server.Options with
        {
            StrictHostKeyChecking = HostKeyChecking.Ask,
            Prompt = static (prompt, _) => new(prompt.Kind switch
            {
                SshPromptKind.HostKey => prompt.Fingerprint,
                SshPromptKind.Password => LoopbackServer.Password,
                _ => null,
            }),
        };
        await using (SshTunnel tunnel = await SshTunnel.OpenAsync(Host, options).TestTime())
            Assert.Contains("ssh-ed25519", await File.ReadAllTextAsync(Server.KnownHosts), StringComparison.Ordinal);
        await using SshTunnel again = await SshTunnel.OpenAsync(Host, Server.Options with { StrictHostKeyChecking = HostKeyChecking.Yes }).TestTime();
    }

    [Fact]
    public async Task A_password_that_is_wrong_is_asked_for_again_and_then_authentication_has_failed()
    {
        List<int> attempts = [];
        SshTunnelOptions options = Server.Options with
        {
            Prompt = (prompt, _) =>
            {
                attempts.Add(prompt.Attempt);
                Assert.Equal("joe@127.0.0.1", prompt.Account);
                return new("wrong");
            },
        };
        AuthenticationFailedException e = await Assert.ThrowsAsync<AuthenticationFailedException>(() => SshTunnel.OpenAsync(Host, options).TestTime());
        Assert.Equal([0, 1, 2], attempts);
        Assert.Contains("password", e.ServerMethods);
    }

    [Theory]
    [InlineData("")]
    [InlineData("joe@")]
    [InlineData("ssh://foo.com:99999")]
    public async Task What_is_no_destination_is_named(string destination)
    {
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => SshTunnel.OpenAsync(destination, Server.Options));
        Assert.True(e is TunnelConfigurationException or ArgumentException, e.ToString());
        Assert.Equal(0, Server.Logins);
    }

    [Theory]
    [InlineData("NoSuchKeyword", "yes", "NoSuchKeyword")]
    [InlineData("Port", "http", "http")]
    [InlineData("User\nPort", "1", "one word")]
    [InlineData("User", "joe\nPort 1", "one line")]
    public async Task A_further_option_that_cannot_be_read_is_named(string keyword, string value, string named)
    {
        SshTunnelOptions options = Server.Options with { SshOptions = [new(keyword, value)], User = null, Port = null };
        TunnelConfigurationException e = await Assert.ThrowsAsync<TunnelConfigurationException>(() => SshTunnel.OpenAsync(Host, options));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_come_before_the_file_and_the_destination_before_the_options()
    {
        string file = Path.Combine(Server.Folder, "config");
        await File.WriteAllTextAsync(file, $"Host there\n  HostName 127.0.0.1\n  Port 1\n  User nobody\n  BatchMode yes\n");
        List<string?> accounts = [];
        SshTunnelOptions options = Server.Options with
        {
            ConfigFile = file,
            SshOptions = [.. Server.Options.SshOptions, new("BatchMode", "no")],
            Prompt = (prompt, _) =>
            {
                accounts.Add(prompt.Account);
                return new(LoopbackServer.Password);
            },
        };
        await using SshTunnel tunnel = await SshTunnel.OpenAsync("ann@there", options).TestTime();
        Assert.Equal(["ann@there"], accounts);
    }
}

using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>Who gets in, and who does not.</summary>
[Trait("Surface", "S2-19")]
[Trait("Surface", "S2-23")]
public sealed class LoginPolicyTests(ITestOutputHelper output) : PolicyTest(output)
{
    [Theory]
    [InlineData("sshd", "AllowUsers {user}", "")]
    [InlineData("sshd", "AllowUsers somebody-else {user}", "")]
    [InlineData("sshd", "AllowUsers {user}@127.0.0.0/8", "")]
    [InlineData("sshd", "AllowUsers {user}@127.*", "")]
    [InlineData("sshd", "AllowUsers *", "")]
    [InlineData("sshd", "DenyUsers somebody-else", "")]
    [InlineData("sshd", "DenyUsers {user}@10.0.0.0/8", "")]
    [InlineData("sshd", "DenyUsers *\nMatch Address 127.0.0.1\nDenyUsers somebody-else", "")]
    [InlineData("sshd", "PubkeyAuthentication no\nMatch User {user}\nPubkeyAuthentication yes", "")]
    [InlineData("sshd", "AuthenticationMethods publickey", "")]
    [InlineData("sshd", "AuthenticationMethods any", "")]
    [InlineData("S1-21", "", "from=\"127.0.0.0/8\"")]
    [InlineData("S1-21", "", "from=\"127.0.0.*,10.0.0.1\"")]
    [InlineData("S1-21", "", "from=\"!10.0.0.1,*\"")]
    [InlineData("S1-21", "", "expiry-time=\"20990101\"")]
    [InlineData("S1-21", "", "expiry-time=\"209901012359Z\"")]
    [InlineData("S1-21", "", "from=\"127.0.0.1\",expiry-time=\"20990101\",permitopen=\"db:5432\"")]
    public async Task Is_let_in(string requirement, string config, string keyOptions)
    {
        var server = await StartServerAsync(new PolicyRow(requirement, config, keyOptions));

        await UntilLoggedInAsync(await StartSshAsync(server, "-N"));

        await server.LoggedAsync($"Accepted publickey for {TestUser.Name} from 127\\.0\\.0\\.1 port \\d+");
    }

    [Theory]
    [InlineData("sshd", "AllowUsers somebody-else", "", "AllowUsers")]
    [InlineData("sshd", "AllowUsers {user}@10.0.0.0/8", "", "AllowUsers")]
    [InlineData("sshd", "AllowUsers ?", "", "AllowUsers")]
    [InlineData("sshd", "DenyUsers {user}", "", "DenyUsers")]
    [InlineData("sshd", "DenyUsers *@127.0.0.1", "", "DenyUsers")]
    [InlineData("sshd", "AllowUsers {user}\nDenyUsers {user}", "", "DenyUsers")]
    [InlineData("sshd", "Match Address 127.0.0.1\nDenyUsers {user}", "", "DenyUsers")]
    [InlineData("sshd", "PubkeyAcceptedAlgorithms ecdsa-sha2-nistp256", "", "PubkeyAcceptedAlgorithms")]
    [InlineData("S1-21", "", "from=\"10.0.0.0/8\"", "from=")]
    [InlineData("S1-21", "", "from=\"!127.0.0.1,*\"", "from=")]
    [InlineData("S1-21", "", "from=\"localhost.example\"", "from=")]
    [InlineData("S1-21", "", "expiry-time=\"20200101\"", "expir")]
    [InlineData("S1-21", "", "expiry-time=\"202001012359Z\"", "expir")]
    [InlineData("S1-21", "", "cert-authority", "publickey")]
    // What is not understood must not let anybody in.
    [InlineData("S1-21", "", "no-such-option", "no-such-option")]
    [InlineData("S1-21", "", "expiry-time=\"tomorrow\"", "expiry-time")]
    [InlineData("S1-21", "", "permitopen=\"no port\"", "permitopen")]
    public async Task Is_kept_out(string requirement, string config, string keyOptions, string word)
    {
        var server = await StartServerAsync(new PolicyRow(requirement, config, keyOptions));

        await AssertDeniedAsync(await StartSshAsync(server, "-N"));

        Assert.False(server.Messages.Contains("Accepted publickey"));
        await AssertLoggedAsync(server, word);
    }

    [Fact]
    public async Task A_key_that_is_not_listed_is_kept_out()
    {
        var server = await StartServerAsync(new SshdOptions { AuthorizedKeys = [(await KeyPair.GetAsync("ed25519", "second")).PublicLine] });

        await AssertDeniedAsync(await StartSshAsync(server, "-N"));
    }

    [Fact]
    public async Task An_rsa_key_that_is_smaller_than_RequiredRSASize_is_kept_out()
    {
        var key = await KeyPair.GetAsync("rsa-2048", "login");
        var server = await StartServerAsync(new SshdOptions { AuthorizedKeys = [key.PublicLine], Config = ["RequiredRSASize 3072"] });

        await AssertDeniedAsync(await StartSshAsync(server, "-N", "-o", $"IdentityFile={key.PrivatePath}"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_keys_are_needed_where_AuthenticationMethods_says_so(bool both)
    {
        var second = await KeyPair.GetAsync("ed25519", "second");
        var server = await StartServerAsync(new SshdOptions
        {
            Config = ["AuthenticationMethods publickey,publickey"],
            AuthorizedKeys = [(await SshClientFiles.UserKeyAsync()).PublicLine, second.PublicLine],
        });

        var client = await StartSshAsync(server, both ? ["-N", "-o", $"IdentityFile={second.PrivatePath}"] : ["-N"]);

        await client.ErrorAsync("Authenticated using \"publickey\" with partial success");
        if (both)
            await UntilLoggedInAsync(client);
        else
            await AssertDeniedAsync(client);
    }

    [Fact]
    public async Task A_client_that_tries_too_many_keys_is_disconnected_before_the_right_one()
    {
        var server = await StartServerAsync("MaxAuthTries 2");
        var wrong = await Task.WhenAll(Enumerable.Range(0, 3).Select(static number => KeyPair.GetAsync("ed25519", $"wrong{number}")));

        var client = await StartSshAsync(server, ["-N", .. wrong.SelectMany(static key => (IEnumerable<string>)["-o", $"IdentityFile={key.PrivatePath}"])]);

        await client.ErrorAsync("Received disconnect from 127.0.0.1 port \\d+:(2|14): Too many authentication failures");
        Assert.Equal(ConnectionFailed, await client.ExitAsync());
        await UntilLoggedInAsync(await StartSshAsync(server, "-N"));
    }

    [Theory]
    [InlineData("PubkeyAcceptedAlgorithms rsa-sha2-512\nMatch User {user}\nPubkeyAcceptedAlgorithms ssh-ed25519", true)]
    [InlineData("PubkeyAcceptedAlgorithms ssh-ed25519\nMatch User {user}\nPubkeyAcceptedAlgorithms rsa-sha2-512", false)]
    [InlineData("Match Address 127.0.0.0/8\nPubkeyAcceptedAlgorithms -ssh-ed25519", false)]
    [InlineData("PubkeyAcceptedAlgorithms rsa-sha2-512\nMatch User nobody\nPubkeyAcceptedAlgorithms ssh-ed25519", false)]
    public async Task A_Match_block_decides_which_algorithms_of_keys_its_users_may_use(string rules, bool isLetIn)
    {
        var server = await StartServerAsync([.. rules.Replace("{user}", TestUser.Name, StringComparison.Ordinal).Split('\n')]);

        var client = await StartSshAsync(server, "-N");

        if (isLetIn)
            await UntilLoggedInAsync(client);
        else
            await AssertDeniedAsync(client);
    }

    [Fact]
    public async Task A_Match_block_lets_in_an_rsa_key_that_is_not_accepted_elsewhere()
    {
        // ssh asks for none of the algorithms that it was not told of.
        var key = await KeyPair.GetAsync("rsa-2048", "login");
        var server = await StartServerAsync(new SshdOptions
        {
            AuthorizedKeys = [key.PublicLine],
            Config = ["PubkeyAcceptedAlgorithms ssh-ed25519", $"Match User {TestUser.Name}", "PubkeyAcceptedAlgorithms rsa-sha2-*"],
        });

        await UntilLoggedInAsync(await StartSshAsync(server, "-N", "-o", $"IdentityFile={key.PrivatePath}"));
    }

    [Fact]
    public async Task A_Match_block_decides_how_many_tries_its_users_have()
    {
        var server = await StartServerAsync("Match Address 127.0.0.1", "MaxAuthTries 2");
        var wrong = await Task.WhenAll(Enumerable.Range(0, 3).Select(static number => KeyPair.GetAsync("ed25519", $"wrong{number}")));

        var client = await StartSshAsync(server, ["-N", .. wrong.SelectMany(static key => (IEnumerable<string>)["-o", $"IdentityFile={key.PrivatePath}"])]);

        await client.ErrorAsync("Received disconnect from 127.0.0.1 port \\d+:(2|14): Too many authentication failures");
        Assert.Equal(ConnectionFailed, await client.ExitAsync());
    }

    [Fact]
    public async Task The_banner_is_shown_before_authentication()
    {
        var banner = Path.Combine(RunFolder.Create("banner"), "text");
        await File.WriteAllTextAsync(banner, "Authorised miners only.\nMind your head.\n");
        var server = await StartServerAsync($"Banner {banner}", "DenyUsers *");

        var client = await StartSshAsync(server, "-N");

        await client.ErrorAsync("^Authorised miners only\\.\\s+Mind your head\\.\\s");
        await AssertDeniedAsync(client);
    }

    [Fact]
    public async Task A_long_banner_is_shown_too()
    {
        var banner = Path.Combine(RunFolder.Create("banner"), "text");
        await File.WriteAllTextAsync(banner, string.Concat(Enumerable.Repeat("Mind your head.\n", 6250)) + "The end of it.\n");
        var server = await StartServerAsync($"Banner {banner}");

        await (await StartSshAsync(server, "-N")).ErrorAsync("^The end of it\\.");
    }

    [Theory]
    [InlineData("key")]
    [InlineData("krl")]
    [InlineData("missing")]
    public async Task A_revoked_key_is_kept_out_and_everybody_when_the_list_cannot_be_read(string kind)
    {
        var key = await SshClientFiles.UserKeyAsync();
        var list = Path.Combine(RunFolder.Create("revoked"), "list");
        if (kind is "key")
            await File.WriteAllTextAsync(list, $"# gone\n{key.PublicLine}\n");
        else if (kind is "krl")
            await ChildProcess.RunAsync(new("ssh-keygen", "-q", "-k", "-f", list, $"{key.PrivatePath}.pub"));
        var server = await StartServerAsync($"RevokedKeys {list}");

        await AssertDeniedAsync(await StartSshAsync(server, "-N"));

        await AssertLoggedAsync(server, "revoked");
    }

    [Fact]
    public async Task A_key_that_is_not_on_the_list_of_revoked_ones_is_let_in()
    {
        var list = Path.Combine(RunFolder.Create("revoked"), "list");
        await File.WriteAllTextAsync(list, (await KeyPair.GetAsync("ed25519", "second")).PublicLine + "\n");
        var server = await StartServerAsync($"RevokedKeys {list}");

        await UntilLoggedInAsync(await StartSshAsync(server, "-N"));
    }

    [Fact]
    public async Task A_command_is_refused_where_MaxSessions_leaves_only_forwards()
    {
        var server = await StartServerAsync("MaxSessions 0");

        var client = await StartSshAsync("-F", server.Client.ConfigPath, SshClientFiles.Alias, "true");

        await client.ErrorAsync("channel \\d+: open failed: (connect failed|administratively prohibited)");
        Assert.Equal(ConnectionFailed, await client.ExitAsync());
    }
}

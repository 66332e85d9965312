using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Server;

/// <summary>What user certificates say, and what is made of it.</summary>
[Trait("Surface", "S2-19")]
[Trait("Surface", "S2-23")]
public sealed class CertificatePolicyTests(ITestOutputHelper output) : PolicyTest(output)
{
    [Theory]
    [InlineData("sshd", "", "-n {user}")]
    [InlineData("sshd", "", "-n miners,{user}")]
    [InlineData("sshd", "AuthorizedPrincipalsFile {principals}", "-n miners")]
    [InlineData("sshd", "AuthorizedPrincipalsFile {folder}/%u", "-n miners")]
    [InlineData("sshd", "AuthorizedPrincipalsFile none", "-n {user}")]
    [InlineData("sshd", "", "-n {user} -O source-address=127.0.0.0/8,10.0.0.0/8")]
    [InlineData("sshd", "", "-n {user} -O force-command=false")]
    [InlineData("sshd", "", "-n {user} -O extension:no-such-extension@example.com=1")]
    [InlineData("sshd", "", "-n {user} -V -1m:+1h")]
    [InlineData("sshd", "", "-n {user} -O no-pty -O no-user-rc -O no-x11-forwarding -O no-agent-forwarding")]
    public async Task Lets_in_and_forwards(string requirement, string config, string options)
    {
        var (server, identity) = await StartAsync(requirement, config, options);
        await using var echo = TcpService.Echo();
        var port = LoopbackPort.Free();

        var client = await StartSshAsync(server, "-N", "-o", $"IdentityFile={identity}", "-L", Spec(port, echo.Port));

        await LoopbackPort.UntilListeningAsync(port, client);
        await Bulk.EchoAsync(port);
        await server.LoggedAsync($"Accepted publickey for {TestUser.Name} from .*-CERT");
    }

    [Theory]
    [InlineData("sshd", "", "-n miners", "principal")]
    [InlineData("sshd", "AuthorizedPrincipalsFile {principals}", "-n {user}", "principal")]
    [InlineData("sshd", "AuthorizedPrincipalsFile {folder}/missing", "-n {user}", "principal")]
    [InlineData("sshd", "", "-n {user} -O source-address=10.0.0.0/8", "source-address|address")]
    [InlineData("sshd", "", "-n {user} -O critical:no-such-option@example.com=1", "no-such-option@example.com")]
    [InlineData("sshd", "", "-n {user} -V 20200101:20200102", "expired")]
    [InlineData("sshd", "", "-n {user} -V 20980101:20990101", "not yet valid")]
    [InlineData("sshd", "", "-n {user} -h", "host certificate|authorized_keys")]
    [InlineData("sshd", "RevokedKeys {authority}", "-n {user}", "revoked")]
    [InlineData("sshd", "RevokedKeys {krl}", "-n {user} -z 42", "revoked")]
    [InlineData("sshd", "CASignatureAlgorithms ecdsa-sha2-nistp256", "-n {user}", "CASignatureAlgorithms|signature algorithm")]
    public async Task Keeps_out(string requirement, string config, string options, string word)
    {
        var (server, identity) = await StartAsync(requirement, config, options);

        await AssertDeniedAsync(await StartSshAsync(server, "-N", "-o", $"IdentityFile={identity}"));

        await AssertLoggedAsync(server, word);
    }

    [Theory]
    [InlineData("sshd", "", "-n {user} -O clear")]
    [InlineData("sshd", "", "-n {user} -O no-port-forwarding")]
    public async Task Forwards_nothing_without_permission_for_it(string requirement, string config, string options)
    {
        var (server, identity) = await StartAsync(requirement, config, options);
        await using var echo = TcpService.Echo();
        int local = LoopbackPort.Free(), remote = LoopbackPort.Free();

        var client = await StartSshAsync(server, "-N", "-o", $"IdentityFile={identity}", "-L", Spec(local, echo.Port), "-R", Spec(remote, echo.Port));

        await client.ErrorAsync($"remote port forwarding failed for listen port {remote}");
        using var socket = await DialAsync(local);
        await AssertEndsAsync(socket, () => client.Log);
        await client.ErrorAsync("open failed: administratively prohibited");
        await AssertLoggedAsync(server, "permit-port-forwarding|certificate");
    }

    [Theory]
    [InlineData("cert-authority", "-n {user}", true)]
    [InlineData("cert-authority", "-n miners", false)]
    [InlineData("cert-authority,principals=\"miners,smiths\"", "-n miners", true)]
    [InlineData("cert-authority,principals=\"miners\"", "-n {user}", false)]
    [InlineData("cert-authority,from=\"10.0.0.0/8\"", "-n {user}", false)]
    [InlineData("cert-authority,expiry-time=\"20200101\"", "-n {user}", false)]
    [InlineData("", "-n {user}", false)]
    public async Task An_authority_may_be_a_users_own(string keyOptions, string options, bool admitted)
    {
        var authority = await AuthorityAsync();
        var row = new PolicyRow("S1-21", "", keyOptions);
        var server = await StartServerAsync(new SshdOptions { AuthorizedKeys = [$"{keyOptions} {authority.PublicLine}".TrimStart()] });
        var identity = await IssueAsync(row, options);

        var client = await StartSshAsync(server, "-N", "-o", $"IdentityFile={identity}");

        if (admitted)
            await UntilLoggedInAsync(client);
        else
            await AssertDeniedAsync(client);
    }

    [Fact]
    public async Task Its_authoritys_options_and_its_own_hold_together()
    {
        await using var echo = TcpService.Echo();
        await using var other = TcpService.Echo();
        var server = await StartServerAsync(new SshdOptions { AuthorizedKeys = [$"cert-authority,permitopen=\"127.0.0.1:{echo.Port}\" {(await AuthorityAsync()).PublicLine}"] });
        var identity = await IssueAsync(new PolicyRow("S1-21", "", ""), "-n {user}");
        int allowed = LoopbackPort.Free(), refused = LoopbackPort.Free();

        var client = await StartSshAsync(server, "-N", "-o", $"IdentityFile={identity}", "-L", Spec(allowed, echo.Port), "-L", Spec(refused, other.Port));

        await LoopbackPort.UntilListeningAsync(refused, client);
        await Bulk.EchoAsync(allowed);
        using var socket = await DialAsync(refused);
        await AssertEndsAsync(socket, () => client.Log);
        await client.ErrorAsync("open failed: administratively prohibited");
    }

    private static Task<KeyPair> AuthorityAsync() => KeyPair.GetAsync("ed25519", "authority");

    private static async Task<string> IssueAsync(PolicyRow row, string options) =>
        await Certificate.IssueAsync(await AuthorityAsync(), await KeyPair.GetAsync("ed25519", "certified"), row.Fill(options).Split(' '));

    // Trusts the authority for everybody, and knows no key besides.
    private async Task<(ServerPeer Server, string Identity)> StartAsync(string requirement, string config, string options)
    {
        var authority = $"{(await AuthorityAsync()).PrivatePath}.pub";
        var folder = RunFolder.Create("principals");
        var principals = Path.Combine(folder, TestUser.Name);
        await File.WriteAllTextAsync(principals, "# who may\nsmiths\nminers\n");
        string specification = Path.Combine(folder, "krl.spec"), krl = Path.Combine(folder, "krl");
        await File.WriteAllTextAsync(specification, "serial: 40-50\n");
        await ChildProcess.RunAsync(new("ssh-keygen", "-q", "-k", "-f", krl, "-s", authority, specification));
        var row = new PolicyRow(requirement, config, "") { Values = [("authority", authority), ("principals", principals), ("folder", folder), ("krl", krl)] };
        var server = await StartServerAsync(new SshdOptions
        {
            Config = [$"TrustedUserCAKeys {authority}", .. row.Fill(config).Split('\n', StringSplitOptions.RemoveEmptyEntries)],
            AuthorizedKeys = [],
        });
        return (server, await IssueAsync(row, options));
    }
}

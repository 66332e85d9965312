using Adit.Interop.Tests.Peers;
using Xunit.Abstractions;

namespace Adit.Interop.Tests.Cli;

/// <summary>Certificates of ssh-keygen in both roles, against the real sshd: OpenSSH's PROTOCOL.certkeys.</summary>
public sealed class CertificateTests(ITestOutputHelper output) : TunnelTest(output)
{
    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa-256")]
    [InlineData("rsa-2048")]
    public async Task A_user_certificate_logs_in_where_only_its_authority_is_known(string type)
    {
        var authority = await KeyPair.GetAsync("ed25519", "authority");
        var identity = await Certificate.IssueAsync(authority, await KeyPair.GetAsync(type, "certified"), "-n", TestUser.Name);
        var sshd = await StartSshdAsync(new() { Config = [$"TrustedUserCAKeys {authority.PrivatePath}.pub"], AuthorizedKeys = [] });
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityFile {identity}");
        await using var echo = TcpService.Echo();

        var tunnel = await OpenTunnelAsync(files, echo.Port);

        await Bulk.EchoAsync(tunnel.Port);
        await sshd.LoggedAsync("Accepted publickey for .* ssh2: .*-CERT ");
    }

    [Fact]
    public async Task A_user_certificate_for_somebody_else_does_not_log_in()
    {
        var authority = await KeyPair.GetAsync("ed25519", "authority");
        var identity = await Certificate.IssueAsync(authority, await KeyPair.GetAsync("ed25519", "certified"), "-n", "somebody-else");
        var sshd = await StartSshdAsync(new() { Config = [$"TrustedUserCAKeys {authority.PrivatePath}.pub"], AuthorizedKeys = [] });
        using var files = await SshClientFiles.CreateAsync(sshd, $"IdentityFile {identity}");

        var adit = await FailToOpenAsync(files, "-o", "BatchMode=yes");

        Assert.Matches("(?i)permission denied.*publickey", adit.Error.Text);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("db.example", false)]
    public async Task A_host_certificate_is_trusted_by_its_authority_for_the_hosts_that_it_names(string principal, bool trusted)
    {
        var authority = await KeyPair.GetAsync("ecdsa-256", "authority");
        var hostKey = await KeyPair.GetAsync("ed25519", "host");
        var certified = await Certificate.IssueAsync(authority, hostKey, "-h", "-n", principal);
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"], Config = [$"HostCertificate {certified}-cert.pub"] });
        using var files = await SshClientFiles.CreateAsync(sshd.Port);
        await File.WriteAllTextAsync(files.KnownHostsPath, $"@cert-authority [127.0.0.1]:{sshd.Port} {authority.PublicLine}\n");
        await using var echo = TcpService.Echo();

        if (!trusted)
        {
            var adit = await FailToOpenAsync(files, "-o", "StrictHostKeyChecking=yes");
            Assert.Contains(principal, adit.Error.Text, StringComparison.Ordinal);
            Assert.False(sshd.Messages.Contains("Accepted publickey"));
            return;
        }

        var tunnel = await OpenTunnelAsync(files, echo.Port, "-o", "StrictHostKeyChecking=yes");
        await Bulk.EchoAsync(tunnel.Port);
        await tunnel.Adit.ErrorAsync("host certificate verified");
    }

    [Fact]
    public async Task An_expired_host_certificate_is_refused()
    {
        var authority = await KeyPair.GetAsync("ed25519", "authority");
        var certified = await Certificate.IssueAsync(authority, await KeyPair.GetAsync("ed25519", "host"), "-h", "-n", "127.0.0.1", "-V", "20200101:20200102");
        var sshd = await StartSshdAsync(new() { HostKeys = ["ed25519"], Config = [$"HostCertificate {certified}-cert.pub"] });
        using var files = await SshClientFiles.CreateAsync(sshd.Port);
        await File.WriteAllTextAsync(files.KnownHostsPath, $"@cert-authority * {authority.PublicLine}\n");

        var adit = await FailToOpenAsync(files, "-o", "StrictHostKeyChecking=yes");

        Assert.Matches("(?i)expired", adit.Error.Text);
    }
}

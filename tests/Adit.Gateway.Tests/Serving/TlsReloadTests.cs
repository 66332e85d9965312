using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Gateway.Audit;
using Adit.OpenSsh;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tls;

namespace Adit.Gateway.Tests.Serving;

/// <summary>New rules and files for TLS ports, and those that cannot be.</summary>
public class TlsReloadTests
{
    [Theory]
    [InlineData("AditTlsUser joe CN=joe\nDenyUsers joe", "the rules have changed: DenyUsers names the user")]
    [InlineData("AditTlsUser joe CN=joe\nMatch User joe\nAllowUsers ann", "the rules have changed: AllowUsers does not name the user")]
    [InlineData("AditTlsUser ann CN=joe", "the rules have changed: the certificate is another user's now")]
    [InlineData("AditTlsUser ann CN=ann", "the rules have changed: nobody is known by its certificate: CN=joe, OU=ops")]
    [InlineData("AditTlsUser joe CN=joe\nLoginGraceTime 10", null)]
    [InlineData("AditTlsUser joe CN=joe\nPermitOpen none", null)]
    public async Task A_user_who_would_not_get_in_any_more_is_sent_away_and_others_go_on(string config, string? reason)
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        gateway.Configure(config);
        Assert.True(gateway.Server.Reload());
        Assert.Equal("1 connections go on under the new rules", (await gateway.Events.Heard(GatewayEventKind.Reloaded)).Detail);
        if (reason is null)
        {
            Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
            return;
        }

        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(tls));
        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal("Expired", gone.Reason);
        Assert.StartsWith(reason, gone.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_revoked_or_whose_authority_is_gone_ends_its_connections()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        using X509Certificate2 second = gateway.Joe();
        await using SslStream first = await gateway.DialAsync(joe);
        await using SslStream other = await gateway.DialAsync(second);
        Assert.Equal(42, await TlsTestGateway.PingAsync(first));
        Assert.Equal(42, await TlsTestGateway.PingAsync(other));
        gateway.Files.Write("crl.pem", gateway.Authority.RevokePem(joe));
        Assert.True(gateway.Server.Reload());
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(first));
        Assert.EndsWith("is revoked", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail, StringComparison.Ordinal);
        Assert.Equal(42, await TlsTestGateway.PingAsync(other));

        using TestAuthority others = new("others");
        gateway.Files.Write("ca.pem", others.Root.Pem);
        Assert.True(gateway.Server.Reload());
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(other));
        await gateway.Events.Heard(GatewayEventKind.Disconnected, static gone => gone.Detail!.Contains("is not from AditTlsClientCA", StringComparison.Ordinal));
    }

    [Fact]
    public async Task New_clients_see_the_new_certificate_and_are_known_by_the_new_lines()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        using X509Certificate2 shown = gateway.Authority.CertificateOf("CN=new gateway");
        gateway.ShowCertificate(shown);
        gateway.Configure("AditTlsUser ops OU=ops");
        Assert.True(gateway.Server.Reload());
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        Assert.Equal("CN=new gateway", tls.RemoteCertificate!.Subject);
        Assert.Equal("ops", (await gateway.Events.Heard(GatewayEventKind.Authenticated)).User);
    }

    [Fact]
    public async Task A_port_that_is_configured_no_longer_takes_and_keeps_nobody()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        gateway.Files.Configure(string.Empty);
        Assert.True(gateway.Server.Reload());
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(tls));
        await gateway.RefusedAsync(joe);
        Assert.EndsWith("(AditTlsListen)", (await gateway.Events.Heard(GatewayEventKind.ConnectionRefused)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_new_is_told_of()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        gateway.Configure("AditTlsUser joe CN=joe\nAditTlsListen 127.0.0.1:5433 db:5432");
        Assert.True(gateway.Server.Reload());
        Assert.Equal(
            "AditTlsListen 127.0.0.1:5433 db:5432 is new; it is listened there after a restart", (await gateway.Events.Heard(GatewayEventKind.Note)).Detail);
    }

    [Theory]
    [InlineData("AditTlsListen 0 db:1", "AditTlsListen needs a certificate to show")]
    [InlineData("AditTlsListen 0 db:1\nAditTlsCertificate {folder}/tls.pem\nAditTlsKey {folder}/tls.key", "AditTlsListen lets nobody in without AditTlsUser")]
    [InlineData("AditTlsListen 0 db:1\nAditTlsListen 0 db:2", "AditTlsListen names this port twice")]
    [InlineData("AditTlsListen 0 db:1\nAditTlsCertificate {folder}/tls.pem\nAditTlsKey {folder}/tls.key\nAditTlsUser joe CN=joe", "AditTlsUser CN=joe needs to know whose certificates count")]
    [InlineData("AditTlsListen 0 db:1\nAditTlsCertificate {folder}/none.pem\nAditTlsUser joe CN=joe", "none.pem: there is no such file")]
    [InlineData("AditTlsListen 0 db:1\nAditTlsCertificate {folder}/tls.pem\nAditTlsKey {folder}/open.key\nAditTlsUser joe CN=joe", "open.key: others may read or change the key in it; run: chmod 600")]
    [InlineData("AditTlsListen 0 db:1\nAditTlsCertificate {folder}/tls.pem\nAditTlsKey {folder}/tls.key\nAditTlsClientCA {folder}/tls.key\nAditTlsUser joe CN=joe", "tls.key: there is no certificate in it")]
    public async Task What_cannot_be_served_is_an_error_with_its_name_and_changes_nothing(string config, string error)
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        string open = gateway.Files.Write("open.key", File.ReadAllText(Path.Join(gateway.Files.Folder, "tls.key")));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        gateway.Files.Configure(config);
        Assert.Contains(error, Assert.Throws<ConfigException>(gateway.Files.Load).Message, StringComparison.Ordinal);
        Assert.False(gateway.Server.Reload());
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
    }

    [Fact]
    public async Task Pins_alone_need_no_authority_and_no_other_certificate_counts()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 robot = gateway.Authority.CertificateOf("CN=robot");
        using X509Certificate2 joe = gateway.Joe();
        gateway.Files.Configure($$"""
            PerSourcePenalties no
            AditTlsListen 127.0.0.1:0 127.0.0.1:{{gateway.Echo.Port}}
            AditTlsCertificate {folder}/tls.pem
            AditTlsKey {folder}/tls.key
            AditTlsUser robot SPKI={{CertificateReading.KeyPin(robot)}}
            """);
        Assert.True(gateway.Server.Reload());
        await using SslStream tls = await gateway.DialAsync(robot);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        await gateway.RefusedAsync(joe);
        Assert.EndsWith(
            "is not from an authority, of which none is configured (AditTlsClientCA)", (await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed)).Detail, StringComparison.Ordinal);
    }
}

using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Adit.Certificates;
using Adit.Gateway.Audit;
using Adit.Postgres;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tls;

namespace Adit.Gateway.Tests.Serving;

/// <summary>TLS clients of a gateway: who is let in, and what users may do whom a certificate names.</summary>
public class TlsPortTests
{
    private static readonly byte[] SslRequest = [0, 0, 0, 8, 4, 210, 22, 47];
    private static readonly byte[] CancelRequest = [0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2];

    [Fact]
    [Trait("Surface", "S2-9")]
    public async Task A_certificate_names_a_user_who_reaches_the_target_and_all_of_it_is_told()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        await using (SslStream tls = await gateway.DialAsync(joe))
            Assert.Equal(42, await TlsTestGateway.PingAsync(tls));

        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        GatewayEvent[] told = [.. gateway.Events.All.Where(happened => happened.Connection == gone.Connection)];
        Assert.Equal(
            [GatewayEventKind.Connected, GatewayEventKind.Authenticated, GatewayEventKind.ChannelOpened, GatewayEventKind.ChannelClosed, GatewayEventKind.Disconnected],
            told.Select(static happened => happened.Event));
        Assert.All(told[1..], happened =>
        {
            Assert.Equal("joe", happened.User);
            Assert.Equal($"SPKI={CertificateReading.KeyPin(joe)}", happened.Key);
            Assert.Equal($"CN=joe, OU=ops {CertificateReading.Fingerprint(joe)} CA CN=test authority", happened.Certificate);
        });
        Assert.Equal("certificate", told[1].Method);
        Assert.Equal($"127.0.0.1:{gateway.Echo.Port}", told[2].Target);
        Assert.Contains("(tls, certificate from AditTlsClientCA", told[2].Route, StringComparison.Ordinal);
        Assert.Equal((1, 1), (gone.BytesOut, gone.BytesIn));
    }

    [Theory]
    [InlineData("AditTlsUser joe CN=joe\nPermitOpen none", "PermitOpen does not permit it")]
    [InlineData("AditTlsUser joe CN=joe\nAditPermitOpen db:5432", "AditPermitOpen: no rule permits it")]
    [InlineData("AditTlsUser joe CN=joe\nAllowTcpForwarding remote", "AllowTcpForwarding does not allow this direction")]
    [InlineData("AditTlsUser joe CN=joe\nMatch User joe\nPermitOpen none", "PermitOpen does not permit it")]
    [InlineData("AditTlsUser joe CN=joe\nMatch Address 127.0.0.0/8\nDisableForwarding yes", "DisableForwarding is set")]
    [InlineData("AditTlsUser joe CN=joe\nAditMaxChannels 0", "the user has as many channels as allowed (AditMaxChannels)")]
    public async Task What_a_user_may_not_open_is_refused_as_over_SSH(string config, string reason)
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync(config);
        using X509Certificate2 joe = gateway.Joe();
        await gateway.RefusedAsync(joe);
        GatewayEvent refused = await gateway.Events.Heard(GatewayEventKind.ChannelRefused);
        Assert.EndsWith(reason, refused.Detail, StringComparison.Ordinal);
        Assert.Equal("joe", refused.User);
        await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal(0, gateway.Echo.Accepted);
    }

    [Theory]
    [InlineData("DenyUsers joe", "DenyUsers names the user")]
    [InlineData("DenyUsers *@127.0.0.1", "DenyUsers names the user")]
    [InlineData("AllowUsers ann", "AllowUsers does not name the user")]
    [InlineData("Match User joe\nDenyUsers *", "DenyUsers names the user")]
    public async Task A_user_who_may_not_come_in_is_not_authenticated(string config, string reason)
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync($"AditTlsUser joe CN=joe\n{config}");
        using X509Certificate2 joe = gateway.Joe();
        await gateway.RefusedAsync(joe);
        Assert.Equal(reason, (await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed)).Detail);
        await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.Authenticated));
    }

    [Fact]
    public async Task Who_shows_no_certificate_or_one_of_another_authority_or_of_nobody_is_refused_and_told_of_with_its_names()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("PerSourcePenalties no\nAditTlsUser joe CN=joe");
        using TestAuthority others = new("others");
        using X509Certificate2 stranger = others.CertificateOf("CN=joe");
        using X509Certificate2 ann = gateway.Authority.CertificateOf("CN=ann, OU=dba");
        await gateway.RefusedAsync(null);
        await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed, static failed => failed.Detail!.EndsWith("it showed no certificate", StringComparison.Ordinal));
        await gateway.RefusedAsync(stranger);
        await gateway.Events.Heard(
            GatewayEventKind.AuthenticationFailed, static failed => failed.Detail!.EndsWith("its certificate, from CN=others, is not from AditTlsClientCA", StringComparison.Ordinal));
        await gateway.RefusedAsync(ann);
        GatewayEvent failed = await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed, static failed => failed.Detail!.Contains("ann", StringComparison.Ordinal));
        Assert.Equal($"the client CN=ann, OU=dba is not let in: nobody is known by its certificate: CN=ann, OU=dba, SPKI={CertificateReading.KeyPin(ann)}", failed.Detail);
        Assert.Equal(0, gateway.Events.Count(GatewayEventKind.Authenticated));
    }

    [Fact]
    public async Task A_revoked_certificate_and_one_that_is_over_are_refused()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("PerSourcePenalties no\nAditTlsUser joe CN=joe");
        using X509Certificate2 old = gateway.Joe(days: 0);
        using X509Certificate2 joe = gateway.Joe();
        await gateway.RefusedAsync(old);
        await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed, static failed => failed.Detail!.Contains("its certificate expired on", StringComparison.Ordinal));
        gateway.Files.Write("crl.pem", gateway.Authority.RevokePem(joe));
        Assert.True(gateway.Server.Reload());
        await gateway.RefusedAsync(joe);
        await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed, static failed => failed.Detail!.Contains("is revoked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pinned_key_is_known_whatever_its_authority_and_vouches_for_no_name()
    {
        using TestAuthority others = new("others");
        using X509Certificate2 pinned = others.CertificateOf("CN=admin");
        using X509Certificate2 old = others.CertificateOf("CN=admin", DateTimeOffset.UtcNow);
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync(
            $"PerSourcePenalties no\nAditTlsUser admin CN=admin\nAditTlsUser robot SPKI={CertificateReading.KeyPin(pinned)} SPKI={CertificateReading.KeyPin(old)}");
        await using SslStream tls = await gateway.DialAsync(pinned);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        Assert.Equal("robot", (await gateway.Events.Heard(GatewayEventKind.Authenticated)).User);
        Assert.Contains($"(tls, the very key {CertificateReading.KeyPin(pinned)}", (await gateway.Events.Heard(GatewayEventKind.ChannelOpened)).Route, StringComparison.Ordinal);
        await gateway.RefusedAsync(old);
        await gateway.Events.Heard(GatewayEventKind.AuthenticationFailed, static failed => failed.Detail!.Contains("its certificate expired on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_connection_more_than_a_user_may_have_is_refused_and_a_place_that_is_free_again_is_taken()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("AditTlsUser joe CN=joe\nAditMaxConnections 1");
        using X509Certificate2 joe = gateway.Joe();
        using X509Certificate2 again = gateway.Joe();
        await using (SslStream first = await gateway.DialAsync(joe))
        {
            Assert.Equal(42, await TlsTestGateway.PingAsync(first));
            await gateway.RefusedAsync(again);
            Assert.EndsWith("(AditMaxConnections)", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail, StringComparison.Ordinal);
            Assert.Equal(42, await TlsTestGateway.PingAsync(first));
        }

        await gateway.Events.Heard(GatewayEventKind.Disconnected, static gone => gone.Reason is not "NotAdmitted");
        await using SslStream next = await gateway.DialAsync(again);
        Assert.Equal(42, await TlsTestGateway.PingAsync(next));
    }

    [Fact]
    public async Task Who_does_not_begin_in_time_is_sent_away_and_takes_a_place_of_those_who_are_not_in_until_then()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("AditTlsUser joe CN=joe\nMaxStartups 1\nLoginGraceTime 20");
        await using NetworkStream idle = await gateway.ConnectAsync();
        await gateway.Events.Heard(GatewayEventKind.Connected);
        await gateway.RefusedAsync(null);
        Assert.EndsWith("(MaxStartups)", (await gateway.Events.Heard(GatewayEventKind.ConnectionRefused)).Detail, StringComparison.Ordinal);
        gateway.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.EndsWith("within 20 s (LoginGraceTime)", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Server.Startups.Count);
    }

    [Fact]
    public async Task Who_is_in_takes_no_place_of_those_who_are_not()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("AditTlsUser joe CN=joe\nMaxStartups 1");
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream first = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(first));
        await using SslStream second = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(second));
    }

    [Fact]
    public async Task Who_fails_too_often_is_not_listened_to_for_a_while()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("AditTlsUser joe CN=joe\nPerSourcePenalties authfail:20 min:1");
        using X509Certificate2 ann = gateway.Authority.CertificateOf("CN=ann");
        using X509Certificate2 joe = gateway.Joe();
        await gateway.RefusedAsync(ann);
        await gateway.Events.Heard(GatewayEventKind.Disconnected);
        await gateway.RefusedAsync(joe);
        Assert.EndsWith("(PerSourcePenalties)", (await gateway.Events.Heard(GatewayEventKind.ConnectionRefused)).Detail, StringComparison.Ordinal);
        gateway.Time.Advance(TimeSpan.FromSeconds(21));
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
    }

    [Theory]
    [InlineData("AditTlsUser joe CN=joe\nAditMaxSession 5", 5, "(AditMaxSession)")]
    [InlineData("AditTlsUser joe CN=joe\nAditMaxBytes 1", 1, "(AditMaxBytes)")]
    public async Task What_has_lasted_or_carried_as_much_as_it_may_is_ended(string config, int seconds, string reason)
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync(config);
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        for (int i = 0; i < seconds; i++)
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(tls));
        GatewayEvent gone = await gateway.Events.Heard(GatewayEventKind.Disconnected);
        Assert.Equal("Expired", gone.Reason);
        Assert.EndsWith(reason, gone.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_ends_with_its_certificate()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        gateway.PutForward(TimeSpan.FromDays(20_000));
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(tls));
        Assert.Equal("the user's certificate is valid no longer", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail);
    }

    [Fact]
    public async Task Silence_ends_it_where_ChannelTimeout_says_so()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync("AditTlsUser joe CN=joe\nChannelTimeout direct-tcpip=10");
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        for (int i = 0; i < 30; i++)
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(tls));
        await gateway.Events.Heard(GatewayEventKind.ChannelClosed);
    }

    [Theory]
    [InlineData("postgres", true)]
    [InlineData("postgres", false)]
    public async Task Clients_of_PostgreSQL_ask_for_TLS_or_begin_with_it(string kind, bool asks)
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync(kind: kind);
        using X509Certificate2 joe = gateway.Joe();
        await using SslStream tls = await gateway.DialAsync(joe, asks ? SslRequest : null, PostgresOpening.Alpn);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
    }

    [Fact]
    public async Task Nobody_is_let_in_who_cancels_a_query_in_the_clear()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync(kind: "postgres");
        await using NetworkStream stream = await gateway.ConnectAsync();
        await stream.WriteAsync(CancelRequest);
        Assert.Equal(-1, await TlsTestGateway.ReadByteAsync(stream));
        Assert.StartsWith("the client wants a query cancelled in the clear", (await gateway.Events.Heard(GatewayEventKind.Disconnected)).Detail, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Echo.Accepted);
    }

    [Fact]
    public async Task A_gateway_that_drains_takes_nobody_and_waits_for_those_who_are_there()
    {
        await using TlsTestGateway gateway = await TlsTestGateway.StartAsync();
        using X509Certificate2 joe = gateway.Joe();
        SslStream tls = await gateway.DialAsync(joe);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        Task drained = gateway.Server.DrainAsync(TimeSpan.FromSeconds(60), default);
        await gateway.Events.Heard(GatewayEventKind.Draining);
        await Assert.ThrowsAsync<SocketException>(gateway.ConnectAsync);
        Assert.Equal(42, await TlsTestGateway.PingAsync(tls));
        Assert.False(drained.IsCompleted);
        await tls.DisposeAsync();
        await drained.TestTime();
    }
}

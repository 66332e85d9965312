using System.Security.Cryptography.X509Certificates;
using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tests.Shared.Relay;
using Adit.Tls;

namespace Adit.Tests.Tls;

public sealed class OcspTunnelTests : TlsTunnelTest
{
    [Theory]
    [InlineData(SslVersion.Tls12)]
    [InlineData(SslVersion.Tls13)]
    public async Task A_server_whose_certificate_is_revoked_is_not_talked_to_even_when_its_session_could_be_resumed(SslVersion version)
    {
        using TestResponder responder = Responder(status: 0);
        responder.Holds = null;
        TlsClientSettings settings = new() { Trust = Asking(responder), Protocols = (System.Security.Authentication.SslProtocols)version };
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        DialedConnection near = await DialAsync(settings);
        await using MemoryDuplex server = await Targets.NextServerAsync().TestTime();
        await server.SendAsync("welcome"u8.ToArray());
        await near.Duplex.ReadAsync(default).AsTask().TestTime();
        await near.Duplex.DisposeAsync();
        Assert.Equal("certificate from ca.pem, whatever its name, not revoked", near.Route.Legs[^1].Verification);

        responder.Status = 1;

        DialException refused = await Assert.ThrowsAsync<DialException>(() => DialAsync(settings));
        Assert.Equal(DialFailure.Prohibited, refused.Failure);
        Assert.Contains("the certificate of CN=db is revoked since 2025-03-04", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, responder.Asked.Count);
    }

    [Fact]
    public async Task A_server_that_is_refused_anyway_is_not_asked_about()
    {
        using TestResponder responder = Responder(status: 0);
        await using Forward forward = Serve(new() { Credential = Authority.Credential("elsewhere") });

        await Assert.ThrowsAsync<DialException>(() => DialAsync(new() { Trust = Asking(responder) with { VerifiesTarget = true } }));

        Assert.Empty(responder.Asked);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_client_whose_certificate_is_revoked_does_not_get_in_and_nothing_is_dialled_for_it(int status)
    {
        using TestResponder responder = Responder(status);
        await using Forward forward = Serve(new() { Credential = Authority.Credential(), Clients = ClientCertificates.Required, Trust = Asking(responder) });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust, Credential = Authority.Credential("joe") });

        await using Duplex client = near.Duplex;
        if (status == 0)
        {
            await Events.NextAsync<ListenerOpened>();
            ConnectionOpened opened = await Events.NextAsync<ConnectionOpened>();
            Assert.Equal("CN=joe", opened.Origin.Certificate);
            Assert.Contains(", not revoked", opened.Route.ToString(), StringComparison.Ordinal);
            return;
        }

        ConnectionRefused refused = await RefusedAsync();
        Assert.Equal("the client CN=joe is not let in: the certificate of CN=joe is revoked since 2025-03-04 05:06:07Z", refused.Refusal.Reason);
        Assert.Equal(RefusalKind.NotBegun, refused.Refusal.Kind);
        Assert.Equal(0, Targets.Dials);
        // It hears TLS's own end, not a cut.
        Assert.True((await client.ReadAsync(default).AsTask().TestTime()).IsEmpty);
    }

    [Fact]
    public async Task A_client_whose_certificate_is_revoked_is_led_elsewhere_where_that_is_wanted_and_is_nobody_there()
    {
        using TestResponder responder = Responder(status: 1);
        await using Forward forward = Serve(new()
        {
            Credential = Authority.Credential(), Clients = ClientCertificates.Required, Trust = Asking(responder), Redirect = Endpoint.Parse("elsewhere:80"),
        });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust, Credential = Authority.Credential("joe") });

        await using Duplex client = near.Duplex;
        await Events.NextAsync<ListenerOpened>();
        ConnectionOpened opened = await Events.NextAsync<ConnectionOpened>();
        Assert.Null(opened.Origin.Certificate);
        Assert.Contains("client not verified", opened.Route.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_may_come_without_a_certificate_is_not_asked_about()
    {
        using TestResponder responder = Responder(status: 1);
        await using Forward forward = Serve(new() { Credential = Authority.Credential(), Clients = ClientCertificates.Asked, Trust = Asking(responder) });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });

        await using Duplex client = near.Duplex;
        await Events.NextAsync<ListenerOpened>();
        await Events.NextAsync<ConnectionOpened>();
        Assert.Empty(responder.Asked);
    }

    public enum SslVersion
    {
        Tls12 = System.Security.Authentication.SslProtocols.Tls12,
        Tls13 = System.Security.Authentication.SslProtocols.Tls13,
    }

    private TestResponder Responder(int status) => new(Authority.Root, TimeProvider.System) { Status = status };

    private TlsTrust Asking(TestResponder responder) => Authority.Trust with
    {
        Ocsp = new(new OcspClient(new HttpMessageInvoker(responder, disposeHandler: false), TimeSpan.FromSeconds(30), TimeProvider.System), TimeProvider.System)
        {
            Responder = new("http://ocsp.example/"),
        },
    };
}

using System.Security.Cryptography.X509Certificates;
using System.Text;
using Adit.Certificates;
using Adit.Postgres;
using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tests.Shared.Relay;
using Adit.Tls;

namespace Adit.Tests.Tls;

public sealed class TlsTunnelTests : TlsTunnelTest
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task Bytes_and_the_end_of_each_direction_go_through_in_whatever_pieces_records_arrive(int chunk)
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust with { VerifiesTarget = true } }, chunk: chunk);
        await using Duplex client = near.Duplex;
        await using MemoryDuplex server = await Targets.NextServerAsync().TestTime();
        byte[] data = TestBytes.Of(chunk == int.MaxValue ? 3_000_000 : 70_000);

        Task sending = client.SendAsync(data, complete: true);
        Assert.Equal(data, await server.ReadToEndAsync().TestTime());
        await sending.TestTime();
        Task answering = server.SendAsync(data, complete: true);
        Assert.Equal(data, await client.ReadToEndAsync().TestTime());
        await answering.TestTime();

        await Events.NextAsync<ListenerOpened>();
        await Events.NextAsync<ConnectionOpened>();
        Assert.Equal(RelayEnd.Completed, (await Events.NextAsync<ConnectionClosed>()).End);
    }

    [Fact]
    public async Task A_direction_may_end_while_what_comes_in_the_other_one_is_being_opened()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        // Whether both meet is chance, of which there is enough in so many.
        for (int i = 0; i < 150; i++)
            await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(AskAsync))).TestTime();

        async Task AskAsync()
        {
            // The server's tickets come behind its handshake, and so just now.
            DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });
            await using Duplex client = near.Duplex;
            Task<byte[]> reading = Task.Run(client.ReadToEndAsync);
            Task writing = Task.Run(() => client.SendAsync([1], complete: true));
            await using MemoryDuplex server = await Targets.NextServerAsync();
            Assert.Equal([1], await server.ReadToEndAsync());
            await server.SendAsync([2], complete: true);
            Assert.Equal([2], await reading);
            await writing;
        }
    }

    [Fact]
    public async Task The_legs_say_that_they_are_protected_and_by_what_the_far_end_is_known()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust with { VerifiesTarget = true } });

        await using Duplex client = near.Duplex;
        Assert.Equal("this machine → db:5432 (tls, certificate from ca.pem, for db)", near.Route.ToString());
        await Events.NextAsync<ListenerOpened>();
        Assert.Equal("app → fake:1 (tls, client not verified, this machine) → db:5432 (PLAINTEXT)", (await Events.NextAsync<ConnectionOpened>()).Route.ToString());
    }

    [Fact]
    public async Task Nothing_verified_is_said_so()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });

        DialedConnection near = await DialAsync(new() { Trust = TlsTrust.Nothing });

        await using Duplex client = near.Duplex;
        Assert.Equal("this machine → db:5432 (tls, NOT VERIFIED)", near.Route.ToString());
    }

    [Theory]
    [InlineData("other authority", "is not from ca.pem")]
    [InlineData("other name", "is not for db, but for elsewhere")]
    [InlineData("expired", "expired on")]
    [InlineData("not pinned", "is none of those in")]
    [InlineData("not the fingerprint", "not the one expected")]
    [InlineData("revoked", "is revoked")]
    [InlineData("list out of date", "is out of date")]
    [InlineData("list of another", "there is no list")]
    [InlineData("forged list", "is not signed by it")]
    [InlineData("other mail", "is not for joe@foo.com")]
    public async Task A_server_that_is_not_who_was_meant_is_not_talked_to(string what, string said)
    {
        using var other = new TestAuthority(what is "forged list" ? "test authority" : "other authority");
        X509Certificate2 certificate = what switch
        {
            "other authority" => other.Certificate("db"),
            "other name" => Authority.Certificate("elsewhere"),
            "expired" => Authority.Certificate("db", DateTimeOffset.UtcNow.AddHours(-1)),
            _ => Authority.Certificate("db"),
        };
        DateTimeOffset tomorrow = DateTimeOffset.UtcNow.AddDays(1);
        TlsTrust trust = what switch
        {
            "not pinned" => new() { VerifiesPeer = true, Peers = [Authority.Certificate("db")], Source = "peers.pem" },
            "not the fingerprint" => new() { Fingerprints = [new string('0', 64)] },
            "revoked" => Revoking(Authority.Revoke(tomorrow, certificate)),
            "list out of date" => Revoking(Authority.Revoke(DateTimeOffset.UtcNow.AddMinutes(-1))),
            "list of another" => Revoking(other.Revoke(tomorrow)),
            "forged list" => Revoking(other.Revoke(tomorrow)),
            "other mail" => Authority.Trust with { Names = ["joe@foo.com"] },
            _ => Authority.Trust with { VerifiesTarget = true },
        };
        await using Forward forward = Serve(new() { Credential = TlsCredential.Of(certificate) });

        DialException refused = await Assert.ThrowsAsync<DialException>(() => DialAsync(new() { Trust = trust }));

        Assert.Equal(DialFailure.Prohibited, refused.Failure);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);

        TlsTrust Revoking(byte[] list) => Authority.Trust with { Revocations = [RevocationList.Parse(list)] };
    }

    [Fact]
    public async Task A_list_that_does_not_name_it_lets_a_certificate_pass()
    {
        byte[] list = Authority.Revoke(DateTimeOffset.UtcNow.AddDays(1), Authority.Certificate("db"), Authority.Certificate("db"));
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust with { Revocations = [RevocationList.Parse(list)] } });

        await near.Duplex.DisposeAsync();
    }

    [Theory]
    [InlineData("pinned", "the very certificate")]
    [InlineData("fingerprint", "the very certificate")]
    [InlineData("key", "the very certificate")]
    [InlineData("hosts", "certificate from ca.pem, for db")]
    [InlineData("chain", "certificate from ca.pem, whatever its name")]
    public async Task What_was_verified_is_said(string what, string said)
    {
        X509Certificate2 certificate = Authority.Certificate("db");
        TlsTrust trust = what switch
        {
            "pinned" => new() { VerifiesPeer = true, Peers = [certificate] },
            "fingerprint" => new() { Fingerprints = [CertificateReading.Fingerprint(certificate)["sha256:".Length..]] },
            "key" => new() { Fingerprints = [CertificateReading.KeyPin(certificate)["sha256:".Length..]] },
            "hosts" => Authority.Trust with { Names = ["elsewhere", "db"] },
            _ => Authority.Trust,
        };
        await using Forward forward = Serve(new() { Credential = TlsCredential.Of(certificate) });

        DialedConnection near = await DialAsync(new() { Trust = trust });

        await near.Duplex.DisposeAsync();
        Assert.Equal(said, near.Route.Legs[^1].Verification);
    }

    [Theory]
    [InlineData(false, "showed no certificate")]
    [InlineData(true, "is not from ca.pem")]
    public async Task A_client_without_a_certificate_of_the_authority_does_not_get_in(bool showsOther, string said)
    {
        using var other = new TestAuthority("other authority");
        await using Forward forward = Serve(new() { Credential = Authority.Credential(), Clients = ClientCertificates.Required, Trust = Authority.Trust });

        Task dialing = DialAndReadAsync(new() { Trust = Authority.Trust, Credential = showsOther ? other.Credential("joe") : null });

        ConnectionRefused refused = await RefusedAsync();
        Assert.Equal(RefusalKind.NotBegun, refused.Refusal.Kind);
        Assert.Contains(said, refused.Refusal.Reason, StringComparison.Ordinal);
        Assert.Equal(0, Targets.Dials);
        await Assert.ThrowsAnyAsync<IOException>(() => dialing);
    }

    [Fact]
    public async Task A_client_with_a_certificate_of_the_authority_gets_in_and_its_leg_says_so()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential(), Clients = ClientCertificates.Required, Trust = Authority.Trust });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust, Credential = Authority.Credential("joe") });

        await using Duplex client = near.Duplex;
        await Events.NextAsync<ListenerOpened>();
        ConnectionOpened opened = await Events.NextAsync<ConnectionOpened>();
        Assert.Equal("CN=joe", opened.Origin.Certificate);
        Assert.StartsWith("app → fake:1 (tls, certificate from ca.pem", opened.Route.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_is_not_accepted_is_led_elsewhere_where_that_is_wanted()
    {
        await using Forward forward = Forward.Start(
            new TlsListener(new Naming(Listener), () => new TlsServerSettings
            {
                Credential = Authority.Credential(), Clients = ClientCertificates.Required, Trust = Authority.Trust, Redirect = Endpoint.Parse("elsewhere:80"),
            }),
            null, Targets, new ForwardOptions { Admission = Admission.AnyPeer, Events = Events });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });

        await using Duplex client = near.Duplex;
        await Events.NextAsync<ListenerOpened>();
        ConnectionOpened opened = await Events.NextAsync<ConnectionOpened>();
        Assert.Equal(("elsewhere:80", null), (opened.Target!.ToString(), opened.Origin.Certificate));
    }

    [Fact]
    public async Task Each_name_that_is_asked_for_has_its_own_certificate()
    {
        TlsServerSettings other = new() { Credential = Authority.Credential("other"), Name = "second" };
        await using Forward forward = Serve(new() { Credential = Authority.Credential(), ByName = name => name is "other" ? other : null });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust with { VerifiesTarget = true } }, "other");

        await using Duplex client = near.Duplex;
        await Events.NextAsync<ListenerOpened>();
        Assert.Equal("second", (await Events.NextAsync<ConnectionOpened>()).Origin.Service);
    }

    [Fact]
    public async Task What_was_sent_last_is_not_taken_back_when_the_connection_is_let_go()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });
        await using MemoryDuplex server = await Targets.NextServerAsync().TestTime();
        await near.Duplex.SendAsync("goodbye"u8.ToArray(), complete: true);

        await near.Duplex.DisposeAsync();

        Assert.Equal((true, false), (Below!.IsDisposed, Below.IsAborted));
        Assert.Equal("goodbye"u8.ToArray(), await server.ReadToEndAsync().TestTime());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_the_own_end_an_answer_has_to_end_with_tlss_goodbye_and_none_need_not(bool hasAnswer)
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });
        await using Duplex client = near.Duplex;
        await using MemoryDuplex server = await Targets.NextServerAsync().TestTime();
        await client.SendAsync("question"u8.ToArray(), complete: true);
        await server.ReadToEndAsync().TestTime();
        if (hasAnswer)
        {
            await server.SendAsync("half an answ"u8.ToArray());
            await client.ReadExactlyAsync(12).TestTime();
        }

        Below!.StopReading();

        if (hasAnswer)
            await Assert.ThrowsAnyAsync<IOException>(() => client.ReadToEndAsync().TestTime());
        else
            Assert.Empty(await client.ReadToEndAsync().TestTime());
    }

    [Fact]
    public async Task A_connection_that_ends_without_tlss_goodbye_is_a_failure_and_no_end()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });
        MemoryDuplex server = await Targets.NextServerAsync().TestTime();
        await near.Duplex.SendAsync(Encoding.ASCII.GetBytes("half an answ"));

        await Below!.CompleteWritingAsync(default);

        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (!(await server.ReadAsync(default).AsTask().TestTime()).IsEmpty)
            {
                // What came before the cut.
            }
        });
    }

    [Fact]
    public async Task Where_certificates_are_asked_for_one_without_is_led_elsewhere_too()
    {
        await using Forward forward = Forward.Start(
            new TlsListener(Listener, () => new TlsServerSettings
            {
                Credential = Authority.Credential(), Clients = ClientCertificates.Asked, Trust = Authority.Trust, Target = Db, Redirect = Endpoint.Parse("elsewhere:80"),
            }),
            null, Targets, new ForwardOptions { Admission = Admission.AnyPeer, Events = Events });

        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });

        await using Duplex client = near.Duplex;
        await Events.NextAsync<ListenerOpened>();
        Assert.Equal("elsewhere:80", (await Events.NextAsync<ConnectionOpened>()).Target!.ToString());
    }

    [Fact]
    public async Task What_is_behind_a_request_to_cancel_in_the_clear_goes_nowhere()
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential(), Opening = new PostgresOpening() });
        FakeIncoming client = Listener.Connect();

        await client.Client.SendAsync([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 1, 2, 3, 4, 5, 6, .. "and more"u8]);

        MemoryDuplex server = await Targets.NextServerAsync().TestTime();
        Assert.Equal([0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 1, 2, 3, 4, 5, 6], await server.ReadToEndAsync().TestTime());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: db\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0000\u0004abcd")]
    [InlineData("\u0016\u0003\u0001ÿÿ")]
    [InlineData("\u0000")]
    public async Task What_is_not_tls_is_turned_away_with_a_word_and_nobody_else_notices(string sent)
    {
        await using Forward forward = Serve(new() { Credential = Authority.Credential() });
        FakeIncoming garbage = Listener.Connect();
        await garbage.Client.SendAsync(Encoding.Latin1.GetBytes(sent), complete: true);

        ConnectionRefused refused = await RefusedAsync();

        Assert.StartsWith("no TLS could be agreed with the client: ", refused.Refusal.Reason, StringComparison.Ordinal);
        DialedConnection near = await DialAsync(new() { Trust = Authority.Trust });
        await near.Duplex.DisposeAsync();
    }

    private async Task DialAndReadAsync(TlsClientSettings settings)
    {
        // In TLS 1.3 a client is through before the server has looked at its certificate.
        DialedConnection near = await DialAsync(settings);
        await using Duplex client = near.Duplex;
        await client.ReadAsync(default).AsTask().TestTime();
    }

    private sealed class Naming(FakeListener inner) : IListener
    {
        public IReadOnlyList<Endpoint> Endpoints => inner.Endpoints;

        public bool IsExposed => false;

        public ValueTask<IncomingConnection?> AcceptAsync(CancellationToken cancellationToken) => inner.AcceptAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

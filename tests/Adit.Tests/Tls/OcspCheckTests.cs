using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Certificates;
using Adit.Tls;

namespace Adit.Tests.Tls;

public sealed class OcspCheckTests : IDisposable
{
    private static readonly Uri Named = new("http://ocsp.example/");

    private readonly TestAuthority _authority = new();
    private readonly Clock _clock = new();

    [Theory]
    [InlineData("issuer", false)]
    [InlineData("issuer by key", false)]
    [InlineData("issuer", true)]
    [InlineData("delegate", false)]
    [InlineData("delegate by key", true)]
    [InlineData("no end", false)]
    public async Task A_certificate_that_is_good_is_accepted(string kind, bool withNonce)
    {
        using X509Certificate2? delegated = kind.StartsWith("delegate", StringComparison.Ordinal) ? Delegate(_authority) : null;
        using var responder = new TestResponder(delegated ?? _authority.Root, _clock)
        {
            SendsCertificate = delegated is not null,
            NamesByKey = kind.EndsWith("by key", StringComparison.Ordinal),
            Holds = kind is "no end" ? null : TimeSpan.FromHours(1),
        };

        TlsVerdict verdict = await AskAsync(responder, withNonce: withNonce);

        Assert.Equal(new TlsVerdict(null, "certificate from ca.pem, not revoked"), verdict with { Chain = TlsVerdict.Unverified.Chain });
        Assert.Equal([("POST", Named, "application/ocsp-request")], responder.Asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_certificate_that_is_revoked_is_refused_whether_an_answer_is_required_or_not(bool isRequired)
    {
        using var responder = new TestResponder(_authority.Root, _clock) { Status = 1 };

        TlsVerdict verdict = await AskAsync(responder, isRequired: isRequired);

        Assert.Equal("the certificate of CN=db is revoked since 2025-03-04 05:06:07Z", verdict.Refusal);
    }

    [Theory]
    [InlineData("unknown", "does not know this certificate")]
    [InlineData("out of date", "out of date since")]
    [InlineData("to come", "for a time to come")]
    [InlineData("old without end", "too old")]
    [InlineData("another's signature", "answered with a wrong signature")]
    [InlineData("another's delegate", "from another authority")]
    [InlineData("forged delegate", "from another authority")]
    [InlineData("no delegate", "has not made a responder")]
    [InlineData("expired delegate", "has a certificate that holds from")]
    [InlineData("delegate not shown", "without the certificate of who signed")]
    [InlineData("sha1", "answered with a wrong signature")]
    [InlineData("another certificate", "did not say anything of this certificate")]
    [InlineData("wrong nonce", "the nonce is not the one sent")]
    [InlineData("no nonce", "did not repeat the nonce")]
    [InlineData("try later", "asks to try again later")]
    [InlineData("garbage", "answered what cannot be read")]
    [InlineData("nothing", "answered what cannot be read")]
    [InlineData("cut off", "answered what cannot be read")]
    [InlineData("more behind", "answered what cannot be read")]
    [InlineData("changed", "answered with a wrong signature")]
    [InlineData("too much", "answered more than 64 KiB")]
    [InlineData("redirect", "answered HTTP 302")]
    [InlineData("not found", "answered HTTP 404")]
    public async Task An_answer_that_does_not_tell_or_cannot_be_trusted_is_none(string kind, string said)
    {
        using var other = new TestAuthority(kind is "another's delegate" ? "other authority" : "test authority");
        using X509Certificate2 signer = kind switch
        {
            "another's signature" => new(other.Root),
            "another's delegate" or "forged delegate" => Delegate(other),
            "no delegate" => _authority.Certificate("responder"),
            "expired delegate" => Delegate(_authority, _clock.GetUtcNow().AddHours(-1)),
            "delegate not shown" => Delegate(_authority),
            _ => new(_authority.Root),
        };
        using var responder = new TestResponder(signer, _clock)
        {
            Status = kind is "unknown" ? 2 : 0,
            Age = kind switch { "to come" => TimeSpan.FromMinutes(-5), "old without end" => TimeSpan.FromDays(2), _ => TimeSpan.Zero },
            Holds = kind switch { "out of date" => TimeSpan.FromMinutes(-5), "old without end" => null, _ => TimeSpan.FromHours(1) },
            SendsCertificate = kind.EndsWith(" delegate", StringComparison.Ordinal),
            Hash = kind is "sha1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256,
            Serial = serial => kind is "another certificate" ? [7, .. serial] : serial,
            Nonce = nonce => kind switch { "wrong nonce" => new byte[32], "no nonce" => null, _ => nonce },
            Http = kind switch { "redirect" => HttpStatusCode.Found, "not found" => HttpStatusCode.NotFound, _ => HttpStatusCode.OK },
            Spoil = answer => kind switch
            {
                "try later" => [0x30, 3, 0x0a, 1, 3],
                "garbage" => "<html>"u8.ToArray(),
                "nothing" => [],
                "cut off" => answer[..^1],
                "more behind" => [.. answer, 0],
                "changed" => Changed(answer),
                "too much" => [.. answer, .. new byte[64 * 1024]],
                _ => answer,
            },
        };
        bool withNonce = kind.EndsWith("nonce", StringComparison.Ordinal);

        TlsVerdict required = await AskAsync(responder, withNonce: withNonce);
        TlsVerdict wished = await AskAsync(responder, isRequired: false, withNonce: withNonce);

        Assert.StartsWith("whether the certificate of CN=db is revoked is not known: http://ocsp.example/ ", required.Refusal, StringComparison.Ordinal);
        Assert.Contains(said, required.Refusal, StringComparison.Ordinal);
        Assert.Equal((null, "certificate from ca.pem, REVOCATION NOT KNOWN"), (wished.Refusal, wished.Verification));
    }

    [Fact]
    public async Task No_byte_of_an_answer_can_be_changed_so_that_a_revoked_certificate_counts_as_good()
    {
        using X509Certificate2 certificate = _authority.Certificate("db");
        byte[] answer = [];
        using var responder = new TestResponder(_authority.Root, _clock) { Status = 1, Spoil = made => answer = made };
        using var http = new HttpMessageInvoker(responder);
        OcspQuestion question = OcspQuestion.Of(certificate, _authority.Root, withNonce: false);
        await new OcspClient(http, TimeSpan.FromSeconds(5), _clock).AskAsync(Named, question, default);

        for (int i = 0; i < answer.Length * 8; i++)
        {
            byte[] changed = [.. answer];
            changed[i / 8] ^= (byte)(1 << (i % 8));
            try
            {
                Assert.NotNull(OcspAnswer.Read(changed, question, _authority.Root, _clock.GetUtcNow()).RevokedSince);
            }
            catch (OcspException)
            {
                // As it should be.
            }
        }
    }

    [Fact]
    public async Task A_responder_that_says_nothing_is_waited_for_no_longer_than_the_timeout()
    {
        var clock = new ManualTimeProvider();
        using var responder = new TestResponder(_authority.Root, _clock) { IsSilent = true };
        using var http = new HttpMessageInvoker(responder);
        using X509Certificate2 certificate = _authority.Certificate("db");
        Task asking = new OcspClient(http, TimeSpan.FromSeconds(5), clock).AskAsync(Named, OcspQuestion.Of(certificate, _authority.Root, false), default).AsTask();
        await responder.WasAsked.Task.TestTime();

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Contains("did not answer within 5 s", (await Assert.ThrowsAsync<OcspException>(() => asking.TestTime())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_gives_up_waiting_is_not_told_that_the_responder_is_silent()
    {
        using var responder = new TestResponder(_authority.Root, _clock) { IsSilent = true };
        using var gaveUp = new CancellationTokenSource();
        Task asking = AskAsync(responder, cancellationToken: gaveUp.Token);
        await responder.WasAsked.Task.TestTime();

        await gaveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.TestTime());
    }

    [Theory]
    [InlineData(30, false, 1)]
    [InlineData(61, false, 2)]
    [InlineData(30, true, 2)]
    public async Task An_answer_is_kept_for_an_hour_at_most_and_not_at_all_where_it_has_to_be_for_the_question(int minutes, bool withNonce, int asked)
    {
        using var responder = new TestResponder(_authority.Root, _clock) { Holds = TimeSpan.FromDays(3) };
        using var http = new HttpMessageInvoker(responder);
        OcspCheck check = Check(http, withNonce: withNonce);
        using X509Certificate2 certificate = _authority.Certificate("db");
        Assert.Null((await check.AskAsync(Verdict(certificate), default)).Refusal);

        _clock.Advance(TimeSpan.FromMinutes(minutes));

        Assert.Null((await check.AskAsync(Verdict(certificate), default)).Refusal);
        Assert.Equal(asked, responder.Asked.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_is_kept_no_longer_than_it_holds(bool saysUntilWhen)
    {
        using var responder = new TestResponder(_authority.Root, _clock) { Holds = saysUntilWhen ? TimeSpan.FromMinutes(10) : null };
        using var http = new HttpMessageInvoker(responder);
        OcspCheck check = Check(http);
        using X509Certificate2 certificate = _authority.Certificate("db");
        await check.AskAsync(Verdict(certificate), default);
        _clock.Advance(TimeSpan.FromMinutes(saysUntilWhen ? 11 : 0));
        responder.Status = 1;

        Assert.Contains("is revoked since", (await check.AskAsync(Verdict(certificate), default)).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void The_answers_that_are_kept_do_not_grow_beyond_a_thousand()
    {
        var cache = new OcspCache(_clock);
        using X509Certificate2 first = _authority.Certificate("first");
        cache.Keep(first, _authority.Root, new(null, _clock.GetUtcNow().AddMinutes(1)));
        using X509Certificate2 issuer = _authority.Certificate("issuer");
        for (int i = 0; i < 1000; i++)
        {
            using X509Certificate2 one = TestAuthority.SelfSigned($"CN={i}");
            cache.Keep(one, issuer, new(null, _clock.GetUtcNow().AddMinutes(2)));
        }

        Assert.Null(cache.Find(first, _authority.Root));
    }

    [Fact]
    public async Task The_responders_that_a_certificate_names_are_asked_after_the_one_that_is_written_down()
    {
        using X509Certificate2 certificate = _authority.Certificate(
            "db", more: [new X509AuthorityInformationAccessExtension(["ldap://no.example/", "https://no.example/", "http://own.example/ask", "nonsense"], [])]);
        using var responder = new TestResponder(_authority.Root, _clock) { Status = 2 };
        using var http = new HttpMessageInvoker(responder);

        TlsVerdict verdict = await Check(http, asksNamed: true).AskAsync(Verdict(certificate), default);

        Assert.Equal([Named, new("http://own.example/ask")], responder.Asked.Select(static asked => asked.Uri));
        Assert.EndsWith(
            "http://ocsp.example/ does not know this certificate; http://own.example/ask does not know this certificate", verdict.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_names_nobody_is_not_known_to_anybody()
    {
        using var responder = new TestResponder(_authority.Root, _clock);
        using var http = new HttpMessageInvoker(responder);
        using X509Certificate2 certificate = _authority.Certificate("db");
        var check = new OcspCheck(new OcspClient(http, TimeSpan.FromSeconds(5), _clock), _clock) { AsksNamed = true };

        Assert.EndsWith("it names no responder", (await check.AskAsync(Verdict(certificate), default)).Refusal, StringComparison.Ordinal);
        Assert.Empty(responder.Asked);
    }

    [Fact]
    public async Task A_chain_that_was_not_verified_is_refused()
    {
        using var responder = new TestResponder(_authority.Root, _clock);
        using var http = new HttpMessageInvoker(responder);

        Assert.Contains("its chain was not verified", (await Check(http).AskAsync(TlsVerdict.Unverified, default)).Refusal, StringComparison.Ordinal);
    }

    public void Dispose() => _authority.Dispose();

    private static byte[] Changed(byte[] answer)
    {
        // Good, at the only place with its two bytes before the time.
        byte[] changed = [.. answer];
        int at = changed.AsSpan().IndexOf<byte>([0x80, 0, 0x18]);
        changed[at + 6] ^= 1;
        return changed;
    }

    private static X509Certificate2 Delegate(TestAuthority authority, DateTimeOffset? until = null) =>
        authority.Certificate("responder", until, more: [new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.9")], false)]);

    private TlsVerdict Verdict(X509Certificate2 certificate) =>
        TlsVerdict.Yes("certificate from ca.pem") with { Chain = [certificate.RawData, _authority.Root.RawData] };

    private OcspCheck Check(HttpMessageInvoker http, bool isRequired = true, bool withNonce = false, bool asksNamed = false) =>
        new(new OcspClient(http, TimeSpan.FromSeconds(30), TimeProvider.System), _clock)
        {
            Responder = Named, IsRequired = isRequired, SendsNonce = withNonce, AsksNamed = asksNamed,
        };

    private async Task<TlsVerdict> AskAsync(TestResponder responder, bool isRequired = true, bool withNonce = false, CancellationToken cancellationToken = default)
    {
        using var http = new HttpMessageInvoker(responder, disposeHandler: false);
        using X509Certificate2 certificate = _authority.Certificate("db");
        return await Check(http, isRequired, withNonce).AskAsync(Verdict(certificate), cancellationToken).AsTask().TestTime();
    }

    // Certificates begin and end by the machine's clock.
    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => _now;

        public void Advance(TimeSpan time) => _now += time;
    }
}

using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.TlsTunnels;

namespace Adit.Tests.TlsTunnels;

public sealed class NamedAdmissionTests
{
    private static readonly Endpoint Db = Endpoint.Parse("db:5432");
    private static readonly RelayOptions Limits = new() { IdleTimeout = TimeSpan.FromSeconds(2) };

    [Theory]
    [InlineData("secret", false)]
    [InlineData("other", true)]
    [InlineData("", true)]
    public async Task Once_its_name_is_known_the_service_that_was_asked_for_decides_by_its_own_rule(string service, bool isAdmitted)
    {
        var admission = new NamedAdmission(Admission.AnyPeer, Named(Deciding("not here")));

        Assert.True((await AskAsync(admission, service, target: null)).IsAdmitted);
        Assert.Equal(isAdmitted, (await AskAsync(admission, service, Db)).IsAdmitted);
    }

    [Fact]
    public async Task Who_is_not_admitted_by_the_service_that_accepts_gets_no_further()
    {
        var admission = new NamedAdmission(Deciding("not at all"), Named(Admission.AnyPeer));

        Assert.Equal("not at all", (await AskAsync(admission, "secret", target: null)).Refusal);
    }

    [Theory]
    [InlineData("secret", true)]
    [InlineData("other", false)]
    public async Task The_limits_are_those_of_the_service_that_was_asked_for(string service, bool areItsOwn)
    {
        var admission = new NamedAdmission(Admission.AnyPeer, Named(null));

        Assert.Null((await AskAsync(admission, service, target: null)).Terms);
        Assert.Equal(areItsOwn ? Limits : null, (await AskAsync(admission, service, Db)).Terms);
    }

    private static Dictionary<string, (Admission? Own, RelayOptions Limits)> Named(Admission? own) => new(StringComparer.Ordinal) { ["secret"] = (own, Limits) };

    private static FakeAdmission Deciding(string refusal) => new((_, _) => new(AdmissionVerdict.Refuse(refusal)));

    private static Task<AdmissionVerdict> AskAsync(Admission admission, string service, Endpoint? target) =>
        admission.AdmitAsync(new(new NamedIncoming(service), target), default).AsTask().TestTime();

    private sealed class NamedIncoming(string service) : IncomingConnection
    {
        public override ConnectionOrigin Origin { get; } = new("fake", 7) { Service = service };

        public override Endpoint LocalEndpoint { get; } = Endpoint.Parse("fake:1");

        public override Leg Leg { get; } = new("app", "fake:1", LegProtection.Tls);

        public override ValueTask<Duplex> AcceptAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public override ValueTask RefuseAsync(Refusal refusal, CancellationToken cancellationToken) => default;

        public override ValueTask DisposeAsync() => default;
    }
}

using Adit.Relay;

namespace Adit.Cli.Tests;

public sealed class RefusalNoticesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly RefusalNotices _notices = new();

    [Fact]
    [Trait("Surface", "S0-8")]
    public void A_refusal_names_user_process_program_and_rule() => Assert.Equal(
        "connection from 127.0.0.1:40000 to db:5432 refused: uid 1000, pid 7, /usr/bin/n\\x0ac; the tunnel admits only process 5 and its descendants",
        _notices.Take(Refused(TimeSpan.Zero)));

    [Fact]
    [Trait("Surface", "S0-11")]
    public void A_flood_is_told_by_number()
    {
        for (int i = 0; i < RefusalNotices.Burst; i++)
            Assert.NotNull(_notices.Take(Refused(TimeSpan.Zero)));
        for (int i = 0; i < 1000; i++)
            Assert.Null(_notices.Take(Refused(TimeSpan.FromMilliseconds(i))));
        Assert.EndsWith("(and 1000 others since the last one that was told)", _notices.Take(Refused(RefusalNotices.Interval + TimeSpan.FromSeconds(1))), StringComparison.Ordinal);
        Assert.Null(_notices.Rest());
    }

    [Fact]
    public void What_was_not_told_is_told_at_the_end()
    {
        for (int i = 0; i <= RefusalNotices.Burst; i++)
            _ = _notices.Take(Refused(TimeSpan.Zero));
        Assert.Equal("1 more connections were refused and not told one by one", _notices.Rest());
        Assert.Null(_notices.Rest());
    }

    private static ConnectionRefused Refused(TimeSpan after) => new()
    {
        Time = Start + after,
        ConnectionId = 1,
        Origin = new("127.0.0.1", 40000),
        LocalEndpoint = Endpoint.Tcp("127.0.0.1", 5432),
        Target = Endpoint.Tcp("db", 5432),
        Peer = new(1000) { Pid = 7, Executable = "/usr/bin/n\nc" },
        Refusal = new(RefusalKind.NotAdmitted, "the tunnel admits only process 5 and its descendants"),
    };
}

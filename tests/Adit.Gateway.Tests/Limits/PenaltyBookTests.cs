using System.Globalization;
using System.Net;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.OpenSsh;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Limits;

/// <summary>PerSourcePenalties, as sshd keeps them.</summary>
public class PenaltyBookTests
{
    private static readonly IPAddress Bad = IPAddress.Parse("192.0.2.7");
    private static readonly GatewaySettings Defaults = new();

    private readonly ManualTimeProvider _time = new();
    private readonly PenaltyBook _book;

    public PenaltyBookTests() => _book = new(_time);

    [Fact]
    [Trait("Surface", "S2-9")]
    public void Penalties_add_up_and_count_only_above_the_least()
    {
        for (int i = 0; i < 3; i++)
        {
            _book.Add(Bad, Seconds(5), Defaults);
            Assert.Null(_book.Refusal(Bad, Defaults));
        }

        _book.Add(Bad, Seconds(5), Defaults);
        Assert.Equal("192.0.2.7 misbehaved and is refused for another 20 s (PerSourcePenalties)", _book.Refusal(Bad, Defaults));
        Assert.Null(_book.Refusal(IPAddress.Parse("192.0.2.8"), Defaults));
    }

    [Fact]
    public void One_that_is_refused_stays_so_until_all_of_it_is_over()
    {
        _book.Add(Bad, Seconds(16), Defaults);
        _time.Advance(Seconds(10));
        Assert.Contains("another 6 s", _book.Refusal(Bad, Defaults), StringComparison.Ordinal);
        _book.Add(Bad, Seconds(5), Defaults);
        _time.Advance(Seconds(10.5));
        Assert.NotNull(_book.Refusal(Bad, Defaults));
        _time.Advance(Seconds(0.5));
        Assert.Null(_book.Refusal(Bad, Defaults));
    }

    [Fact]
    public void What_is_over_is_forgotten_and_does_not_add_up()
    {
        _book.Add(Bad, Seconds(15), Defaults);
        _time.Advance(Seconds(15));
        _book.Add(Bad, Seconds(15), Defaults);
        Assert.Null(_book.Refusal(Bad, Defaults));
    }

    [Fact]
    public void No_penalty_lasts_longer_than_the_most()
    {
        for (int i = 0; i < 100; i++)
            _book.Add(Bad, Seconds(90), Defaults);
        Assert.Contains("another 600 s", _book.Refusal(Bad, Defaults), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(_book.Refusal(Bad, Defaults));
    }

    [Fact]
    public void Addresses_on_the_exempt_list_have_nothing_coming()
    {
        GatewaySettings settings = Defaults with { PerSourcePenaltyExemptList = AddressPatternList.Parse("192.0.2.0/29,2001:db8::/32") };
        _book.Add(Bad, Seconds(90), settings);
        Assert.Null(_book.Refusal(Bad, Defaults));
        _book.Add(Bad, Seconds(90), Defaults);
        Assert.NotNull(_book.Refusal(Bad, Defaults));
        Assert.Null(_book.Refusal(Bad, settings));
        Assert.Null(_book.Refusal(Bad.MapToIPv6(), settings));
    }

    [Fact]
    public void Nothing_is_written_down_while_penalties_are_off_or_nothing_is_due()
    {
        GatewaySettings off = Defaults with { PerSourcePenalties = new() { Enabled = false } };
        _book.Add(Bad, Seconds(90), off);
        _book.Add(Bad, TimeSpan.Zero, Defaults);
        Assert.Null(_book.Refusal(Bad, Defaults));
        _book.Add(Bad, Seconds(90), Defaults);
        Assert.Null(_book.Refusal(Bad, off));
    }

    [Theory]
    [InlineData("192.0.2.200", true)]
    [InlineData("::ffff:192.0.2.200", true)]
    [InlineData("192.0.3.7", false)]
    public void A_penalty_is_for_the_whole_block_of_an_address(string other, bool refused)
    {
        GatewaySettings settings = Defaults with { PerSourceNetBlockSize = (24, 56) };
        _book.Add(Bad, Seconds(90), settings);
        Assert.Equal(refused, _book.Refusal(IPAddress.Parse(other), settings) is not null);
    }

    [Fact]
    public void A_full_book_forgets_the_penalty_that_would_be_over_first()
    {
        GatewaySettings settings = Defaults with { PerSourcePenalties = new() { MaxSources = 3 } };
        _book.Add(Address(1), Seconds(30), settings);
        _book.Add(Address(2), Seconds(20), settings);
        _book.Add(Address(3), Seconds(40), settings);
        _book.Add(Address(2), Seconds(100), settings);
        _book.Add(Address(4), Seconds(60), settings);
        Assert.Equal([false, true, true, true], Enumerable.Range(1, 4).Select(i => _book.Refusal(Address(i), settings) is not null));
    }

    [Fact]
    public void A_full_book_lets_nobody_in_where_it_is_to_deny_all()
    {
        GatewaySettings settings = Defaults with
        {
            PerSourcePenalties = new() { MaxSources = 2, OverflowDeniesAll = true },
            PerSourcePenaltyExemptList = AddressPatternList.Parse("192.0.2.100"),
        };
        _book.Add(Address(1), Seconds(5), settings);
        Assert.Null(_book.Refusal(Address(9), settings));
        _book.Add(Address(2), Seconds(10), settings);
        Assert.Equal("too many addresses misbehaved (PerSourcePenalties overflow:deny-all)", _book.Refusal(Address(9), settings));
        Assert.NotNull(_book.Refusal(Address(1), settings));
        Assert.Null(_book.Refusal(Address(100), settings));
        Assert.Null(_book.Refusal(IPAddress.IPv6Loopback, settings));
        _time.Advance(Seconds(5));
        Assert.Null(_book.Refusal(Address(9), settings));
    }

    [Fact]
    public void IPv6_has_a_book_and_an_overflow_of_its_own()
    {
        GatewaySettings settings = Defaults with { PerSourcePenalties = new() { MaxSources6 = 1, Overflow6DeniesAll = true } };
        _book.Add(IPAddress.Parse("2001:db8::1"), Seconds(5), settings);
        Assert.NotNull(_book.Refusal(IPAddress.Parse("2001:db8::2"), settings));
        Assert.Null(_book.Refusal(Bad, settings));
        for (int i = 1; i < 5; i++)
            _book.Add(Address(i), Seconds(90), settings);
        Assert.NotNull(_book.Refusal(Address(1), settings));
    }

    private static IPAddress Address(int last) => IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"192.0.2.{last}"));

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}

using System.Globalization;
using System.Net;
using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;

namespace Adit.Gateway.Tests.Limits;

/// <summary>MaxStartups, PerSourceMaxStartups and PerSourceNetBlockSize.</summary>
public class StartupLimitsTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");

    [Theory]
    [Trait("Surface", "S2-9")]
    [InlineData(9, 0, true)]
    [InlineData(10, 29, false)]
    [InlineData(10, 30, true)]
    [InlineData(55, 64, false)]
    [InlineData(55, 65, true)]
    [InlineData(99, 98, false)]
    [InlineData(99, 99, true)]
    [InlineData(100, 99, false)]
    public void The_chance_to_be_refused_grows_in_a_straight_line_from_begin_to_full(int waiting, int dice, bool enters)
    {
        int next = 99;
        var limits = new StartupLimits(max =>
        {
            Assert.Equal(100, max);
            return next;
        });
        Fill(limits, waiting, new());
        next = dice;
        Assert.Equal(enters, limits.TryEnter(One, new()) is null);
        Assert.Equal(enters ? waiting + 1 : waiting, limits.Count);
    }

    [Theory]
    [InlineData(5, 30, 5)]
    [InlineData(5, 100, 50)]
    public void With_one_limit_the_dice_are_not_asked(int begin, int rate, int full)
    {
        var limits = new StartupLimits(static _ => throw new InvalidOperationException());
        GatewaySettings settings = new() { MaxStartups = new(begin, rate, full) };
        Fill(limits, 5, settings);
        Assert.Equal("5 connections are not authenticated yet (MaxStartups)", limits.TryEnter(One, settings));
        limits.Leave(IPAddress.Parse("10.0.0.0"), settings);
        Assert.Null(limits.TryEnter(One, settings));
    }

    [Fact]
    public void One_source_has_its_own_limit_and_gets_its_places_back()
    {
        var limits = new StartupLimits(static _ => 0);
        GatewaySettings settings = new() { PerSourceMaxStartups = 2 };
        Assert.Null(limits.TryEnter(One, settings));
        Assert.Null(limits.TryEnter(One.MapToIPv6(), settings));
        Assert.Equal("2 connections from 192.0.2.1 are not authenticated yet (PerSourceMaxStartups)", limits.TryEnter(One, settings));
        Assert.Null(limits.TryEnter(IPAddress.Parse("192.0.2.2"), settings));
        Assert.Equal(3, limits.Count);
        limits.Leave(One, settings);
        Assert.Null(limits.TryEnter(One, settings));
        limits.Leave(One, settings);
        limits.Leave(One, settings);
        Assert.Equal(1, limits.Count);
        Assert.Null(limits.TryEnter(One, settings));
        Assert.Null(limits.TryEnter(One, settings));
        Assert.NotNull(limits.TryEnter(One, settings));
    }

    [Fact]
    public void None_may_begin_where_a_source_may_have_none() =>
        Assert.NotNull(new StartupLimits(static _ => 0).TryEnter(One, new() { PerSourceMaxStartups = 0 }));

    [Theory]
    [InlineData("192.0.2.77", 32, 128, "192.0.2.77")]
    [InlineData("192.0.2.77", 24, 128, "192.0.2.0")]
    [InlineData("192.0.2.77", 26, 128, "192.0.2.64")]
    [InlineData("192.0.2.77", 0, 128, "0.0.0.0")]
    [InlineData("::ffff:192.0.2.77", 24, 128, "192.0.2.0")]
    [InlineData("2001:db8:1:2:3:4:5:6", 32, 128, "2001:db8:1:2:3:4:5:6")]
    [InlineData("2001:db8:1:2ff:3:4:5:6", 32, 56, "2001:db8:1:200::")]
    [InlineData("2001:db8:1:2:3:4:5:6", 32, 1, "::")]
    [InlineData("fe80::1%3", 32, 64, "fe80::")]
    public void A_source_is_a_block_of_addresses(string address, int v4, int v6, string source) =>
        Assert.Equal(IPAddress.Parse(source), SourceBlock.Of(IPAddress.Parse(address), (v4, v6)));

    private static void Fill(StartupLimits limits, int count, GatewaySettings settings)
    {
        for (int i = 0; i < count; i++)
            Assert.Null(limits.TryEnter(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.0.0.{i}")), settings));
    }
}

using Adit.Platform;

namespace Adit.Tests.Platform;

public sealed class CrowdMemoryTests
{
    private readonly CrowdMemory _memory;
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private int _given;

    public CrowdMemoryTests() => _memory = new(() => _given++);

    [Fact]
    public void When_most_are_gone_and_it_is_calm_memory_is_given_back_once()
    {
        Come(1000);
        Pass(3, crowd: 400);
        Assert.Equal(0, _given);
        Pass(1, crowd: 400);
        Assert.Equal(1, _given);
        Pass(100, crowd: 400);
        Assert.Equal(1, _given);
    }

    [Fact]
    public void When_many_have_come_and_it_is_calm_memory_is_given_back_once()
    {
        for (int crowd = 0; crowd < 1000; crowd += 10)
            Pass(1, crowd);
        Assert.Equal(0, _given);
        Pass(3, crowd: 1000);
        Assert.Equal(0, _given);
        Pass(100, crowd: 1000);
        Assert.Equal(1, _given);
    }

    [Fact]
    public void A_crowd_that_grows_slowly_stops_it_ever_more_seldom()
    {
        for (int crowd = 0; crowd < 3000; crowd += 10)
            Pass(6, crowd);
        Assert.InRange(_given, 5, 10);
    }

    [Theory]
    [InlineData(0, 99)]
    [InlineData(1000, 1499)]
    public void When_few_have_come_nothing_is_stopped(int before, int after)
    {
        Come(before);
        Pass(100, after);
        Assert.Equal(0, _given);
    }

    [Fact]
    public void While_they_go_nothing_is_stopped()
    {
        Come(1000);
        for (int crowd = 1000; crowd > 0; crowd -= 10)
            Pass(1, crowd);
        Assert.Equal(0, _given);
    }

    [Fact]
    public void Crowds_that_come_and_go_do_not_stop_it_all_the_time()
    {
        for (int i = 0; i < 60; i++)
            Pass(6, crowd: i % 2 == 0 ? 1000 : 0);
        Assert.InRange(_given, 1, 6 * 60 / 15);
    }

    [Theory]
    [InlineData(99, 0)]
    [InlineData(1000, 501)]
    public void When_few_are_gone_nothing_is_stopped(int most, int left)
    {
        Come(most);
        Pass(100, left);
        Assert.Equal(0, _given);
    }

    private void Come(int crowd)
    {
        Pass(30, crowd);
        _given = 0;
    }

    private void Pass(int seconds, int crowd)
    {
        for (int i = 0; i < seconds; i++)
        {
            _memory.Check(crowd, _now);
            _now += TimeSpan.FromSeconds(1);
        }
    }
}

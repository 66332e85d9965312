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
        Pass(10, crowd: 1000);
        Assert.Equal(0, _given);
        Pass(4, crowd: 400);
        Assert.Equal(0, _given);
        Pass(2, crowd: 400);
        Assert.Equal(1, _given);
        Pass(100, crowd: 400);
        Assert.Equal(1, _given);
    }

    [Fact]
    public void While_they_go_nothing_is_stopped()
    {
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
        Pass(10, most);
        Pass(100, left);
        Assert.Equal(0, _given);
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

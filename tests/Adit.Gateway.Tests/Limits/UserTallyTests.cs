using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Tests.Shared;

namespace Adit.Gateway.Tests.Limits;

/// <summary>What the connections of one user, or with one key, may have together.</summary>
public class UserTallyTests
{
    private static readonly UserLimits Two = new() { Connections = 2, Channels = 2, Listeners = 2 };

    private readonly UserTallies _tallies = new(new ManualTimeProvider());

    [Fact]
    public void A_user_has_so_many_connections_whatever_the_keys()
    {
        UserTally first = Add("joe", "k1")!;
        Assert.NotNull(Add("joe", "k2"));
        Assert.Null(Add("joe", "k3"));
        Assert.NotNull(Add("ann", "k4"));
        first.Dispose();
        Assert.NotNull(Add("joe", "k3"));
        Assert.Null(Add("joe", "k5"));
    }

    [Fact]
    public void A_key_has_so_many_connections_whatever_the_users()
    {
        Assert.NotNull(Add("a", "k"));
        UserTally second = Add("b", "k")!;
        Assert.Null(Add("c", "k"));
        second.Dispose();
        Assert.NotNull(Add("c", "k"));
    }

    [Fact]
    public void Users_without_a_key_have_none_in_common()
    {
        Assert.NotNull(Add("a", null));
        Assert.NotNull(Add("b", null));
        Assert.NotNull(Add("c", null));
        Assert.NotNull(Add("c", null));
        Assert.Null(Add("c", null));
    }

    [Fact]
    public void A_user_and_a_key_of_the_same_name_are_two()
    {
        Assert.NotNull(Add("x", "y"));
        Assert.NotNull(Add("x", "z"));
        Assert.NotNull(Add("w", "x"));
    }

    [Fact]
    public void A_connection_is_given_back_once_however_often_it_is_disposed()
    {
        UserTally first = Add("joe", "k")!;
        Assert.NotNull(Add("joe", "k"));
        first.Dispose();
        first.Dispose();
        Assert.NotNull(Add("joe", "k"));
        Assert.Null(Add("joe", "k"));
    }

    [Fact]
    public void Channels_and_listeners_are_counted_apart_over_all_connections_and_given_back_once()
    {
        UserTally one = Add("joe", "k")!, other = Add("joe", "k")!;
        IDisposable channel = one.TryAddChannel()!;
        Assert.NotNull(other.TryAddChannel());
        Assert.Null(one.TryAddChannel());
        Assert.Null(other.TryAddChannel());
        Assert.NotNull(one.TryAddListener());
        Assert.NotNull(one.TryAddListener());
        Assert.Null(other.TryAddListener());
        channel.Dispose();
        channel.Dispose();
        Assert.NotNull(other.TryAddChannel());
        Assert.Null(other.TryAddChannel());
    }

    [Fact]
    public void What_fails_for_the_key_is_given_back_to_the_user()
    {
        UserTally joe = Add("joe", "k")!, ann = Add("ann", "k")!;
        IDisposable first = ann.TryAddChannel()!, second = ann.TryAddChannel()!;
        Assert.Null(joe.TryAddChannel());
        first.Dispose();
        second.Dispose();
        Assert.NotNull(joe.TryAddChannel());
        Assert.NotNull(joe.TryAddChannel());
        Assert.Null(joe.TryAddChannel());
    }

    [Fact]
    public void None_is_a_limit_and_no_limit_is_none()
    {
        UserTally none = _tallies.TryAdd("a", ["k"], new() { Channels = 0, Listeners = 0 })!;
        Assert.Null(none.TryAddChannel());
        Assert.Null(none.TryAddListener());
        none.Limits = new();
        for (int i = 0; i < 1000; i++)
            Assert.NotNull(none.TryAddChannel());
        Assert.Null(_tallies.TryAdd("z", ["z"], new() { Connections = 0 }));
    }

    [Fact]
    public void Places_are_right_after_many_threads_took_and_gave_them()
    {
        UserTally tally = Add("joe", "k")!;
        Parallel.For(0, 10_000, _ => tally.TryAddChannel()?.Dispose());
        Assert.NotNull(tally.TryAddChannel());
        Assert.NotNull(tally.TryAddChannel());
        Assert.Null(tally.TryAddChannel());
    }

    private UserTally? Add(string user, string? key) => _tallies.TryAdd(user, key is null ? [] : [key], Two);
}

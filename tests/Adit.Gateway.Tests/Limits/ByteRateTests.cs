using Adit.Gateway.Configuration;
using Adit.Gateway.Limits;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Gateway.Tests.Limits;

/// <summary>AditBandwidth: bytes per second for all of a user's connections together.</summary>
public class ByteRateTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Bytes_are_paid_for_one_after_the_other()
    {
        var rate = new ByteRate(_time) { BytesPerSecond = 1000 };
        Assert.Equal(TimeSpan.FromSeconds(1), rate.Take(1000));
        Assert.Equal(TimeSpan.FromSeconds(1.5), rate.Take(500));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1), rate.Take(500));
    }

    [Fact]
    public void What_was_not_used_is_not_saved_up()
    {
        var rate = new ByteRate(_time) { BytesPerSecond = 1000 };
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromSeconds(2), rate.Take(2000));
    }

    [Fact]
    public void Without_a_limit_nobody_waits_and_a_new_one_counts_from_then_on()
    {
        var rate = new ByteRate(_time);
        Assert.Equal(TimeSpan.Zero, rate.Take(long.MaxValue));
        rate.BytesPerSecond = 1000;
        Assert.Equal(TimeSpan.FromSeconds(1), rate.Take(1000));
        rate.BytesPerSecond = null;
        Assert.Equal(TimeSpan.Zero, rate.Take(1000));
    }

    [Fact]
    public async Task All_connections_of_a_user_share_one_rate_and_another_user_has_its_own()
    {
        var tallies = new UserTallies(_time);
        UserLimits limits = new() { BytesPerSecond = 1000 };
        using UserTally one = tallies.TryAdd("joe", ["a"], limits)!, other = tallies.TryAdd("joe", ["b"], limits)!, ann = tallies.TryAdd("ann", ["c"], limits)!;
        Task first = one.Meter.WaitAsync(1000, default).AsTask();
        Task second = other.Meter.WaitAsync(1000, default).AsTask();
        Task hers = ann.Meter.WaitAsync(1000, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(first, hers).TestTime();
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await second.TestTime();
    }

    [Fact]
    public async Task Both_directions_count_and_each_waits_for_what_it_carried()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new() { BytesPerSecond = 1000 })!;
        var metered = new MeteredDuplex(near, tally.Meter, tally.TryAddChannel()!);
        Task writing = metered.SendAsync(new byte[1000]);
        Assert.Equal(0, far.Waiting);
        await far.SendAsync(new byte[500]);
        Task<ReadOnlyMemory<byte>> reading = metered.ReadAsync(default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1));
        await writing.TestTime();
        Assert.Equal(1000, far.Waiting);
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(500, (await reading.TestTime()).Length);
        Assert.Equal(1500, tally.Meter.Total);
    }

    [Fact]
    public async Task Without_a_rate_bytes_are_counted_all_the_same()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new())!;
        var metered = new MeteredDuplex(near, tally.Meter, tally.TryAddChannel()!);
        await metered.SendAsync(new byte[10], complete: true).TestTime();
        Assert.Equal(10, (await far.ReadToEndAsync().TestTime()).Length);
        Task<byte[]> reading = metered.ReadToEndAsync();
        await far.SendAsync(new byte[7], complete: true);
        Assert.Equal(7, (await reading.TestTime()).Length);
        Assert.Equal(17, tally.Meter.Total);
        Assert.Equal(0, _time.ArmedTimers);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_and_leaves_no_timer()
    {
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new() { BytesPerSecond = 1 })!;
        using var cancel = new CancellationTokenSource();
        Task waiting = tally.Meter.WaitAsync(1000, cancel.Token).AsTask();
        Assert.Equal(1, _time.ArmedTimers);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.TestTime());
        Assert.Equal(0, _time.ArmedTimers);
    }

    [Fact]
    public async Task An_abort_ends_what_waits_for_the_rate_in_both_directions()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new() { BytesPerSecond = 1 })!;
        var metered = new MeteredDuplex(near, tally.Meter, tally.TryAddChannel()!);
        await far.SendAsync(new byte[100]);
        Task writing = metered.SendAsync(new byte[1000]);
        Task reading = metered.ReadAsync(default).AsTask();
        metered.Abort();
        await Assert.ThrowsAsync<IOException>(() => writing.TestTime());
        await Assert.ThrowsAsync<IOException>(() => reading.TestTime());
        await Assert.ThrowsAsync<IOException>(() => metered.SendAsync(new byte[1]).TestTime());
        Assert.Equal(0, _time.ArmedTimers);
        await metered.DisposeAsync();
    }

    [Fact]
    public async Task A_cancelled_read_loses_no_byte()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new() { BytesPerSecond = 1 })!;
        var metered = new MeteredDuplex(near, tally.Meter, tally.TryAddChannel()!);
        using var cancel = new CancellationTokenSource();
        await far.SendAsync([1, 2, 3]);
        Task<ReadOnlyMemory<byte>> reading = metered.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.TestTime());
        Assert.Equal([1, 2, 3], (await metered.ReadAsync(default).AsTask().TestTime()).ToArray());
        Assert.Equal(3, tally.Meter.Total);
    }

    [Fact]
    public async Task A_limit_that_a_reload_brings_holds_from_the_next_byte_on()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.Pair();
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new())!;
        var metered = new MeteredDuplex(near, tally.Meter, tally.TryAddChannel()!);
        await metered.SendAsync(new byte[10]).TestTime();
        tally.Limits = new() { BytesPerSecond = 10 };
        Task writing = metered.SendAsync(new byte[10]);
        Assert.Equal(10, far.Waiting);
        _time.Advance(TimeSpan.FromSeconds(1));
        await writing.TestTime();
        Assert.Equal(20, far.Waiting);
    }

    [Fact]
    public async Task The_place_of_a_channel_is_given_back_with_its_stream_and_after_a_failed_dial()
    {
        using UserTally tally = new UserTallies(_time).TryAdd("joe", ["a"], new() { Channels = 1 })!;
        (MemoryDuplex near, _) = MemoryDuplex.Pair();
        var metered = new MeteredDuplex(near, tally.Meter, tally.TryAddChannel()!);
        Assert.Null(tally.TryAddChannel());
        await metered.DisposeAsync();
        await metered.DisposeAsync();
        Assert.True(near.IsDisposed);
        IDisposable again = tally.TryAddChannel()!;
        Assert.Null(tally.TryAddChannel());
        again.Dispose();
    }
}

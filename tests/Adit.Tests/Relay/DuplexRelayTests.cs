using Adit.Relay;
using Adit.Tests.Shared;
using Adit.Tests.Shared.Relay;

namespace Adit.Tests.Relay;

public sealed class DuplexRelayTests
{
    [Fact]
    public async Task Bytes_go_both_ways_and_both_ends_in_order_complete_the_relay()
    {
        await using Setup s = new();
        byte[] question = TestBytes.Of(300_000, seed: 1);
        byte[] answer = TestBytes.Of(200_000, seed: 2);
        Task asking = s.Client.SendAsync(question, complete: true);
        Task answering = s.Server.SendAsync(answer, complete: true);

        Task<byte[]> arrived = s.Server.ReadToEndAsync();
        Task<byte[]> returned = s.Client.ReadToEndAsync();

        Assert.Equal(question, await arrived.TestTime());
        Assert.Equal(answer, await returned.TestTime());
        await Task.WhenAll(asking, answering).TestTime();
        Assert.Equal(new RelayResult(300_000, 200_000, RelayEnd.Completed, null), await s.Relaying.TestTime());
        Assert.False(s.Near.IsAborted || s.Far.IsAborted);
    }

    [Fact]
    [Trait("Surface", "S1-6")]
    public async Task A_client_that_ends_its_direction_still_gets_the_whole_answer()
    {
        await using Setup s = new();
        await s.Client.SendAsync([1, 2, 3], complete: true);
        Assert.Equal([1, 2, 3], await s.Server.ReadToEndAsync().TestTime());

        Assert.False(s.Relaying.IsCompleted);
        await s.Server.SendAsync([4, 5]);
        Assert.Equal([4, 5], await s.Client.ReadExactlyAsync(2).TestTime());
        await s.Server.SendAsync([6], complete: true);
        Assert.Equal([6], await s.Client.ReadToEndAsync().TestTime());
        Assert.Equal(RelayEnd.Completed, (await s.Relaying.TestTime()).End);
    }

    [Fact]
    [Trait("Surface", "S1-6")]
    public async Task A_server_that_ends_its_direction_still_gets_what_the_client_sends()
    {
        await using Setup s = new();
        await s.Server.SendAsync([9], complete: true);
        Assert.Equal([9], await s.Client.ReadToEndAsync().TestTime());

        await s.Client.SendAsync([1, 2]);
        Assert.Equal([1, 2], await s.Server.ReadExactlyAsync(2).TestTime());
        await s.Client.CompleteWritingAsync(default);
        Assert.Empty(await s.Server.ReadToEndAsync().TestTime());
        Assert.Equal(new RelayResult(2, 1, RelayEnd.Completed, null), await s.Relaying.TestTime());
    }

    [Fact]
    public async Task A_slow_reader_stalls_only_itself_and_memory_stays_bounded()
    {
        const int Capacity = 4096;
        await using Setup s = new(Capacity);
        Task flooding = s.Client.SendAsync(TestBytes.Of(1_000_000), complete: true);

        byte[] other = TestBytes.Of(500_000, seed: 3);
        Task answering = s.Server.SendAsync(other, complete: true);
        Assert.Equal(other, await s.Client.ReadToEndAsync().TestTime());
        await answering.TestTime();

        Assert.False(flooding.IsCompleted);
        Assert.InRange(s.Server.Waiting, 0, Capacity);
        // One pipe on each side of the relay, and the one chunk that it holds.
        Assert.InRange(s.Relay.BytesToFar, 0, 2 * Capacity);
        Assert.Equal(1_000_000, (await s.Server.ReadToEndAsync().TestTime()).Length);
        await flooding.TestTime();
    }

    [Fact]
    public async Task Bytes_that_come_one_by_one_arrive_all_and_in_order()
    {
        (MemoryDuplex client, MemoryDuplex near) = MemoryDuplex.Pair();
        (MemoryDuplex far, MemoryDuplex server) = MemoryDuplex.Pair();
        byte[] data = TestBytes.Of(3000);
        Task<RelayResult> relaying = new DuplexRelay(new FaultyDuplex(near) { MaxChunk = 1 }, new FaultyDuplex(far) { MaxChunk = 1 })
            .RunAsync(default);
        await client.SendAsync(data, complete: true);
        await server.SendAsync(data, complete: true);

        Assert.Equal(data, await server.ReadToEndAsync().TestTime());
        Assert.Equal(data, await client.ReadToEndAsync().TestTime());
        Assert.Equal(new RelayResult(3000, 3000, RelayEnd.Completed, null), await relaying.TestTime());
    }

    public static TheoryData<int> BytesBeforeFailure => [0, 1, 2, 3, 7, 8, 63, 64, 100, 511, 512, 513, 998, 999];

    [Theory]
    [MemberData(nameof(BytesBeforeFailure))]
    public async Task A_read_that_fails_aborts_both_sides_after_every_byte_before_it(int at)
    {
        (MemoryDuplex client, MemoryDuplex near) = MemoryDuplex.Pair();
        (MemoryDuplex far, MemoryDuplex server) = MemoryDuplex.Pair();
        await client.SendAsync(TestBytes.Of(1000));
        RelayResult result = await new DuplexRelay(new FaultyDuplex(near) { FailReadAt = at, MaxChunk = 64 }, far).RunAsync(default).TestTime();

        Assert.Equal(RelayEnd.NearFailed, result.End);
        Assert.IsType<IOException>(result.Error);
        Assert.Equal(at, result.BytesToFar);
        Assert.True(near.IsAborted && far.IsAborted);
        await Assert.ThrowsAsync<IOException>(() => server.ReadToEndAsync().TestTime());
    }

    [Theory]
    [MemberData(nameof(BytesBeforeFailure))]
    public async Task A_write_that_fails_is_blamed_on_the_side_written_to(int at)
    {
        (MemoryDuplex client, MemoryDuplex near) = MemoryDuplex.Pair();
        (MemoryDuplex far, _) = MemoryDuplex.Pair();
        await client.SendAsync(TestBytes.Of(1000));
        RelayResult result = await new DuplexRelay(near, new FaultyDuplex(far) { FailWriteAt = at }).RunAsync(default).TestTime();

        Assert.Equal(RelayEnd.FarFailed, result.End);
        Assert.IsType<IOException>(result.Error);
        Assert.True(near.IsAborted && far.IsAborted);
    }

    [Fact]
    public async Task An_abort_while_a_write_waits_ends_the_relay()
    {
        await using Setup s = new(capacity: 16);
        Task flooding = s.Client.SendAsync(TestBytes.Of(10_000));
        // The far pipe is full, so the pump waits in its write.
        await Until.Holds(() => s.Server.Waiting == 16);

        s.Server.Abort();

        Assert.Equal(RelayEnd.FarFailed, (await s.Relaying.TestTime()).End);
        await Assert.ThrowsAsync<IOException>(() => flooding.TestTime());
    }

    [Fact]
    public async Task Cancellation_aborts_both_sides()
    {
        using CancellationTokenSource stop = new();
        await using Setup s = new(cancellationToken: stop.Token);
        await s.Client.SendAsync([1]);
        await s.Server.ReadExactlyAsync(1).TestTime();

        await stop.CancelAsync();

        Assert.Equal(new RelayResult(1, 0, RelayEnd.Cancelled, null), await s.Relaying.TestTime());
        Assert.True(s.Near.IsAborted && s.Far.IsAborted);
    }

    [Fact]
    public async Task A_relay_that_is_cancelled_before_it_starts_moves_nothing()
    {
        await using Setup s = new(cancellationToken: new CancellationToken(canceled: true));
        Assert.Equal(new RelayResult(0, 0, RelayEnd.Cancelled, null), await s.Relaying.TestTime());
    }

    [Fact]
    public async Task After_the_first_end_the_other_direction_may_last_as_long_as_it_says_something()
    {
        ManualTimeProvider clock = new();
        await using Setup s = new(options: new() { CloseTimeout = TimeSpan.FromSeconds(5), TimeProvider = clock });
        await s.Client.CompleteWritingAsync(default);
        await s.Server.ReadToEndAsync().TestTime();
        await Until.Holds(() => clock.ArmedTimers == 1);
        for (int i = 1; i <= 5; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(4));
            await s.Server.SendAsync([1]);
            await s.Client.ReadExactlyAsync(1).TestTime();
            await Until.Holds(() => s.Relay.BytesToNear == i);
        }

        Assert.False(s.Relaying.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(5.1));
        Assert.Equal(RelayEnd.CloseTimeout, (await s.Relaying.TestTime()).End);
    }

    [Fact]
    public async Task What_was_sent_before_the_close_timeout_is_there_for_who_reads_it_late()
    {
        ManualTimeProvider clock = new();
        await using Setup s = new(options: new() { CloseTimeout = TimeSpan.FromSeconds(5), TimeProvider = clock });
        await s.Server.SendAsync([1, 2, 3], complete: true);
        await Until.Holds(() => clock.ArmedTimers == 1);

        clock.Advance(TimeSpan.FromSeconds(5.1));

        Assert.Equal(new RelayResult(0, 3, RelayEnd.CloseTimeout, null), await s.Relaying.TestTime());
        Assert.False(s.Near.IsAborted || s.Far.IsAborted);
        Assert.Equal([1, 2, 3], await s.Client.ReadToEndAsync().TestTime());
        Assert.Empty(await s.Server.ReadToEndAsync().TestTime());
    }

    [Fact]
    public async Task What_waits_to_be_taken_is_not_hurried_by_the_close_timeout_but_by_the_idle_one()
    {
        ManualTimeProvider clock = new();
        await using Setup s = new(capacity: 16, options: new() { CloseTimeout = TimeSpan.FromSeconds(5), IdleTimeout = TimeSpan.FromMinutes(1), TimeProvider = clock });
        await s.Client.CompleteWritingAsync(default);
        await Until.Holds(() => clock.ArmedTimers == 2);
        Task flooding = s.Server.SendAsync(TestBytes.Of(10_000));
        await Until.Holds(() => s.Client.Waiting == 16 && s.Far.Waiting == 16);

        clock.Advance(TimeSpan.FromSeconds(50));
        Assert.False(s.Relaying.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal(RelayEnd.IdleTimeout, (await s.Relaying.TestTime()).End);
        await Assert.ThrowsAsync<IOException>(() => flooding.TestTime());
    }

    [Fact]
    public async Task The_close_timeout_counts_from_the_first_end()
    {
        ManualTimeProvider clock = new();
        await using Setup s = new(options: new() { CloseTimeout = TimeSpan.FromSeconds(5), TimeProvider = clock });
        clock.Advance(TimeSpan.FromHours(1));
        await s.Client.CompleteWritingAsync(default);
        await Until.Holds(() => clock.ArmedTimers == 1);

        clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(s.Relaying.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal(RelayEnd.CloseTimeout, (await s.Relaying.TestTime()).End);
        Assert.Equal(0, clock.ArmedTimers);
    }

    [Fact]
    public async Task The_idle_timeout_starts_again_with_every_chunk()
    {
        ManualTimeProvider clock = new();
        await using Setup s = new(options: new() { IdleTimeout = TimeSpan.FromMinutes(1), TimeProvider = clock });
        for (int i = 1; i <= 5; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(50));
            await s.Client.SendAsync([1]);
            await s.Server.ReadExactlyAsync(1).TestTime();
    
            await Until.Holds(() => s.Relay.BytesToFar == i);
            await s.Server.SendAsync([2]);
            await s.Client.ReadExactlyAsync(1).TestTime();
            await Until.Holds(() => s.Relay.BytesToFar == i && s.Relay.BytesToNear == i);
        }
        Assert.False(s.Relaying.IsCompleted);

        clock.Advance(TimeSpan.FromSeconds(120));
        Assert.Equal(RelayEnd.IdleTimeout, (await s.Relaying.TestTime()).End);
    }

    [Fact]
    public async Task A_relay_without_limits_waits_for_a_silent_second_direction()
    {
        ManualTimeProvider clock = new();
        await using Setup s = new(options: new() { TimeProvider = clock });
        await s.Client.SendAsync([1], complete: true);
        await s.Server.ReadToEndAsync().TestTime();
        clock.Advance(TimeSpan.FromDays(1000));

        await s.Server.SendAsync([7], complete: true);
        Assert.Equal([7], await s.Client.ReadToEndAsync().TestTime());
        Assert.Equal(RelayEnd.Completed, (await s.Relaying.TestTime()).End);
    }

    [Fact]
    public async Task A_chunk_costs_no_allocation_in_steady_state()
    {
        // Turns may change the thread; within one turn the thread's own counter is exact. Between two turns the thread may also have worked for
        // others, so one attempt of several has to be clean: what a chunk, or a turn, costs is in all of them.
        const int Attempts = 20;
        List<(int Measured, long Allocated)> costs = [];
        do
        {
            CountingSource source = new(chunks: 20_000);
            await new DuplexRelay(source, new CountingSource(chunks: 0)).RunAsync(default).TestTime();
            costs.Add((source.Measured, source.Allocated));
        }
        while (costs.Count < Attempts && !IsClean(costs[^1]));
        Assert.Contains(costs, IsClean);

        static bool IsClean((int Measured, long Allocated) cost) => cost is { Measured: > 1000, Allocated: 0 };
    }

    [Fact]
    public async Task A_relay_runs_once()
    {
        await using Setup s = new();
        await Assert.ThrowsAsync<InvalidOperationException>(() => s.Relay.RunAsync(default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(50 * 86400)]
    public void Time_limits_out_of_range_are_refused(int seconds)
    {
        (MemoryDuplex a, MemoryDuplex b) = MemoryDuplex.Pair();
        TimeSpan limit = TimeSpan.FromSeconds(seconds);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DuplexRelay(a, b, new() { IdleTimeout = limit }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DuplexRelay(a, b, new() { CloseTimeout = limit }));
    }

    private sealed class Setup : IAsyncDisposable
    {
        public Setup(int capacity = 64 * 1024, RelayOptions? options = null, CancellationToken cancellationToken = default)
        {
            (Client, Near) = MemoryDuplex.Pair(capacity);
            (Far, Server) = MemoryDuplex.Pair(capacity);
            Relay = new(Near, Far, options);
            Relaying = Relay.RunAsync(cancellationToken);
        }

        public MemoryDuplex Client { get; }

        public MemoryDuplex Near { get; }

        public MemoryDuplex Far { get; }

        public MemoryDuplex Server { get; }

        public DuplexRelay Relay { get; }

        public Task<RelayResult> Relaying { get; }

        public async ValueTask DisposeAsync()
        {
            Near.Abort();
            Far.Abort();
            await Relaying.TestTime();
        }
    }

    private sealed class CountingSource(int chunks) : Duplex
    {
        private readonly byte[] _chunk = new byte[1024];
        private int _reads;
        private int _thread;
        private long _before;

        public long Allocated { get; private set; }

        public int Measured { get; private set; }

        public override ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
        {
            long now = GC.GetAllocatedBytesForCurrentThread();
            if (_thread == Environment.CurrentManagedThreadId && _reads > chunks / 2)
            {
                Allocated += now - _before;
                Measured++;
            }
            _thread = Environment.CurrentManagedThreadId;
            ReadOnlyMemory<byte> result = ++_reads <= chunks ? _chunk : default;
            _before = GC.GetAllocatedBytesForCurrentThread();
            return new(result);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override ValueTask CompleteWritingAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override void Abort()
        {
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

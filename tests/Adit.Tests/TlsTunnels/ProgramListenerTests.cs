using Adit.Relay;
using Adit.Tests.Relay;
using Adit.Tests.Shared;
using Adit.TlsTunnels;

namespace Adit.Tests.TlsTunnels;

public sealed class ProgramListenerTests
{
    private readonly FakeDialer _programs = new();
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task A_program_without_retry_is_started_once()
    {
        await using var listener = new ProgramListener(_programs, "/bin/cat", null, _time);
        IncomingConnection first = (await listener.AcceptAsync(default))!;
        Task<IncomingConnection?> next = listener.AcceptAsync(default).AsTask();
        Assert.False(next.IsCompleted);

        await first.DisposeAsync();

        Assert.Null(await next.TestTime());
    }

    [Fact]
    public async Task A_program_with_retry_is_started_again_so_long_after_its_end()
    {
        await using var listener = new ProgramListener(_programs, "/bin/cat", TimeSpan.FromSeconds(1), _time);
        IncomingConnection first = (await listener.AcceptAsync(default))!;
        Task<IncomingConnection?> next = listener.AcceptAsync(default).AsTask();
        await first.DisposeAsync();
        await UntilItWaitsAsync().TestTime();
        Assert.False(next.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        await using IncomingConnection? second = await next.TestTime();
        Assert.NotNull(second);
    }

    private async Task UntilItWaitsAsync()
    {
        await Until.Holds(() => _time.ArmedTimers > 0);
    }

    [Fact]
    public async Task Closing_it_ends_the_wait_for_a_program()
    {
        var listener = new ProgramListener(_programs, "/bin/cat", TimeSpan.FromSeconds(1), _time);
        await using IncomingConnection? first = await listener.AcceptAsync(default);
        Task<IncomingConnection?> next = listener.AcceptAsync(default).AsTask();

        await listener.DisposeAsync();

        Assert.Null(await next.TestTime());
    }
}

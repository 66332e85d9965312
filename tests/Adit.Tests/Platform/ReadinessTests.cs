using Adit.Platform;
using Adit.Tests.Shared;

namespace Adit.Tests.Platform;

public sealed class ReadinessTests
{
    private readonly Readiness _readiness = new();

    [Fact]
    public async Task A_change_before_the_wait_is_told_once()
    {
        _readiness.Set();
        _readiness.Set();

        Assert.True(_readiness.WaitAsync(default).AsTask().IsCompletedSuccessfully);
        Task second = _readiness.WaitAsync(default).AsTask();
        Assert.False(second.IsCompleted);
        _readiness.Set();
        await second.TestTime();
    }

    [Fact]
    public void Who_waits_goes_on_where_the_change_is_told()
    {
        int thread = 0;
        async Task WaitAsync()
        {
            await _readiness.WaitAsync(default).ConfigureAwait(false);
            thread = Environment.CurrentManagedThreadId;
        }

        Task waiting = WaitAsync();
        _readiness.Set();

        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public async Task A_wait_that_was_given_up_takes_nothing_from_the_next()
    {
        using CancellationTokenSource cancel = new();
        Task given = _readiness.WaitAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.TestTime());

        Task next = _readiness.WaitAsync(default).AsTask();
        _readiness.Set();
        await next.TestTime();
    }

    [Fact]
    public async Task The_end_is_told_to_who_waits_and_to_who_comes_later()
    {
        Task waiting = _readiness.WaitAsync(default).AsTask();

        _readiness.End();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.TestTime());
        _readiness.Set();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _readiness.WaitAsync(default).AsTask());
    }

    [Fact]
    public async Task Two_cannot_wait()
    {
        Task first = _readiness.WaitAsync(default).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => _readiness.WaitAsync(default).AsTask());
        _readiness.Set();
        await first.TestTime();
    }
}

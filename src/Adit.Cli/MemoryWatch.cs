using Adit.Platform;

namespace Adit.Cli;

/// <summary>Gives memory back once a crowd has come or gone, as long as this process is a tunnel and nothing else. Looks each second.</summary>
internal sealed class MemoryWatch : IAsyncDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _ending = new();
    private readonly Task _watching;

    /// <summary>Starts it.</summary>
    /// <param name="crowd">How many there are now, connections and channels together.</param>
    public MemoryWatch(Func<int> crowd) => _watching = WatchAsync(crowd, _ending.Token);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _watching;
        _ending.Dispose();
    }

    private static async Task WatchAsync(Func<int> crowd, CancellationToken ending)
    {
        using var timer = new PeriodicTimer(Round);
        var memory = CrowdMemory.OfThisProcess();
        try
        {
            while (await timer.WaitForNextTickAsync(ending))
                memory.Check(crowd(), DateTimeOffset.UtcNow);
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}

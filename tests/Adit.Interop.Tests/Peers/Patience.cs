using System.Diagnostics;
using Xunit.Sdk;

namespace Adit.Interop.Tests.Peers;

/// <summary>The bound of every wait in these tests: generous, since it is reached only when something is broken.</summary>
internal static class Patience
{
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits for a state of the system that the kernel announces to nobody.</summary>
    public static async Task UntilAsync(Func<bool> reached, string what, Func<string>? evidence = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!reached())
        {
            if (Stopwatch.GetElapsedTime(started) > Bound)
                throw new XunitException($"waited {Bound.TotalSeconds:0} s in vain: {what}\n{evidence?.Invoke()}");
            await Task.Delay(Step);
        }
    }

    public static async Task<T> WithinAsync<T>(this Task<T> task, string what, Func<string>? evidence = null)
    {
        await ((Task)task).WithinAsync(what, evidence);
        return await task;
    }

    public static async Task WithinAsync(this Task task, string what, Func<string>? evidence = null)
    {
        try
        {
            await task.WaitAsync(Bound);
        }
        catch (TimeoutException exception) when (!task.IsCompleted)
        {
            throw new XunitException($"waited {Bound.TotalSeconds:0} s in vain: {what}\n{evidence?.Invoke()}", exception);
        }
    }
}

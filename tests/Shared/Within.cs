using System.Runtime.CompilerServices;

namespace Adit.Tests.Shared;

/// <summary>A bound on waits, so that a hang is a failed test with a name in place of a run that never ends.</summary>
internal static class Within
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static Task TestTime(this Task task, [CallerArgumentExpression(nameof(task))] string what = "") =>
        Bounded(task, what);

    public static async Task<T> TestTime<T>(this Task<T> task, [CallerArgumentExpression(nameof(task))] string what = "")
    {
        await Bounded(task, what);
        return await task;
    }

    private static async Task Bounded(Task task, string what)
    {
        try
        {
            await task.WaitAsync(Bound);
        }
        catch (TimeoutException e) when (!task.IsCompleted)
        {
            throw new TimeoutException($"still waiting after {Bound.TotalSeconds:0} s: {what}", e);
        }
    }
}

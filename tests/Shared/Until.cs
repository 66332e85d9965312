using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Adit.Tests.Shared;

/// <summary>Waits for what no event tells of.</summary>
internal static class Until
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits until something holds.</summary>
    /// <param name="what">What is waited for.</param>
    /// <param name="meanwhile">What is done in between.</param>
    /// <param name="name">Its name.</param>
    public static async Task Holds(Func<bool> what, Action? meanwhile = null, [CallerArgumentExpression(nameof(what))] string name = "")
    {
        for (long begin = Stopwatch.GetTimestamp(); !what();)
        {
            if (Stopwatch.GetElapsedTime(begin) > Bound)
                throw new TimeoutException($"still waiting after {Bound.TotalSeconds:0} s: {name}");
            meanwhile?.Invoke();
            await Task.Delay(Step);
        }
    }
}

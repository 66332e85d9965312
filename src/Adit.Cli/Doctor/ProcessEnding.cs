using System.Globalization;
using Adit.Platform;

namespace Adit.Cli.Doctor;

/// <summary>Ends a process with SIGTERM.</summary>
/// <param name="seen">The process.</param>
internal sealed class ProcessEnding(ProcessStatus seen) : IEnding
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        using ProcessHandle? process = ProcessHandle.Of(seen);
        if (process is null)
            return "it had ended already";
        if (process.Terminate() is { } obstacle)
            throw new EndingException($"no signal can be sent: {obstacle}");
        return await process.WaitAsync(Patience, cancellationToken)
            ? "ended"
            : throw new EndingException(string.Create(CultureInfo.InvariantCulture,
                $"it goes on {Patience.TotalSeconds:0} s after SIGTERM; see what it does, then run: kill -KILL {seen.Pid}"));
    }
}

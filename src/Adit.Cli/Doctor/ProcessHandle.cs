using System.Runtime.InteropServices;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli.Doctor;

/// <summary>One process, whatever becomes of its number (pidfd_open(2)).</summary>
internal sealed partial class ProcessHandle : IDisposable
{
    private const nint SendSignalNumber = 424; // the same on every architecture
    private const int SignalTerminate = 15;

    // The kernel tells of the end by the descriptor; a look now and then costs less than a thread that waits.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly SafeFileHandle _handle;

    private ProcessHandle(SafeFileHandle handle) => _handle = handle;

    /// <summary>Takes hold of the process that was seen; null where it has ended, whoever has its number now.</summary>
    /// <exception cref="EndingException">This kernel gives no such hold.</exception>
    public static ProcessHandle? Of(ProcessStatus seen)
    {
        SafeFileHandle? handle = ProcessCalls.HoldProcess(seen.Pid);
        ProcessStatus? now = ProcessStatus.Look(seen.Pid);
        if (handle is null)
            return now is null ? null : throw new EndingException("this kernel cannot hold on to a process (pidfd_open), so another one could be hit; end it yourself");
        // Looked at behind the opening: who began at that time is the one that is held.
        if (now is { HasEnded: false } && now.Value.Start == seen.Start)
            return new(handle);
        handle.Dispose();
        return null;
    }

    /// <summary>Asks it to end.</summary>
    /// <returns>Null if that worked, else why not.</returns>
    public string? Terminate() =>
        HasEnded || SendSignal(SendSignalNumber, _handle, SignalTerminate, 0, 0) == 0 || HasEnded ? null : Marshal.GetLastPInvokeErrorMessage();

    /// <summary>Waits until it has ended.</summary>
    /// <returns>Whether it has, in time.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!HasEnded)
        {
            if (TimeProvider.System.GetElapsedTime(began) > limit)
                return false;
            await Task.Delay(Pause, cancellationToken);
        }

        return true;
    }

    public void Dispose() => _handle.Dispose();

    private bool HasEnded => ProcessCalls.HasEnded(_handle) == true;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SendSignal(nint number, SafeFileHandle process, nint signal, nint information, nint flags);
}

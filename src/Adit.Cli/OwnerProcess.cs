using System.Runtime.Versioning;
using Adit.Platform;
using Microsoft.Win32.SafeHandles;

namespace Adit.Cli;

/// <summary>
/// The process for which this one works (<c>--owner</c>): when it ends, whatever way, so does this one. It is held by a handle, so that
/// another process that gets its number later is not taken for it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class OwnerProcess : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly DescriptorWaiter _waiter = new();

    private OwnerProcess(int pid, SafeFileHandle handle) => (Pid, _handle) = (pid, handle);

    /// <summary>Its number.</summary>
    public int Pid { get; }

    /// <summary>Takes hold of it.</summary>
    /// <exception cref="UsageException">There is no such process.</exception>
    public static OwnerProcess Open(int pid) => ProcessCalls.HoldProcess(pid) is { } handle
        ? new(pid, handle)
        : throw new UsageException($"{LongOption.Owner} {pid}: there is no such process, so there is nobody to work for");

    /// <summary>Calls back when it has ended.</summary>
    public async Task WatchAsync(Action ended, CancellationToken cancellationToken)
    {
        try
        {
            await _waiter.UntilReadableAsync(_handle, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        ended();
    }

    public void Dispose()
    {
        _waiter.Dispose();
        _handle.Dispose();
    }
}
